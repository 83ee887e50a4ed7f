use super::*;

#[test]
fn settings_out_of_range_are_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let named =
        |config: EgressConfig| runtime.block_on(run(&config, &Log::default(), &|_| {})).unwrap_err().to_string();
    let good = EgressConfig::new(Mode::Central);
    assert_eq!(named(EgressConfig { devices: 2, ..good.clone() }), "devices: expected 3 to 50, found 2");
    assert_eq!(named(EgressConfig { rounds: 0, ..good }), "rounds: expected 1 to 20, found 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_log_nothing_is_claimed() {
    let error = run(&EgressConfig::new(Mode::Central), &Log::default(), &|_| {}).await.unwrap_err();
    assert!(matches!(error, EgressError::Blind { place: "log", .. }), "{error}");
}
