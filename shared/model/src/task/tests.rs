use super::*;

const CLASSES: &str = r#"
    name = "reviews"

    [[head]]
    name = "topic"
    kind = "classes"
    labels = ["music", "sport"]
    field = "topic"
"#;

#[test]
fn a_task_file_is_read_and_written_back() {
    let text = r#"
        name = "reviews"
        [encoder]
        kind = "bag"
        buckets_log2 = 12
        [[head]]
        name = "topic"
        kind = "classes"
        labels = ["music", "sport"]
        field = "topic"
        [head.display.zh]
        name = "话题"
        labels = { music = "音乐" }
        [[head]]
        name = "stars"
        kind = "score"
        min = 1.0
        max = 5.0
        field = "rating"
    "#;
    let (task, stated) = Task::from_toml_stating(text).unwrap();
    assert!(stated && !Task::from_toml_stating(CLASSES).unwrap().1);
    assert_eq!((task.outputs(), task.heads[0].display["zh"].labels["music"].as_str()), (3, "音乐"));
    assert_eq!(Task::from_toml(&task.to_toml().unwrap()).unwrap(), task);
    let json = serde_json::to_string(&task).unwrap();
    assert_eq!(serde_json::from_str::<Task>(&json).unwrap(), task);
}

#[test]
fn a_head_without_display_names_keeps_its_form() {
    // Model files hold this and are known by their hash.
    let head = Head::new("topic", "t", HeadKind::Classes { labels: vec!["a".into(), "b".into()] });
    let json = r#"{"name":"topic","field":"t","kind":"classes","labels":["a","b"]}"#;
    assert_eq!(serde_json::to_string(&head).unwrap(), json);
    let head = Head::new("stars", "s", HeadKind::Score { min: 0.0, max: 1.5 });
    assert_eq!(
        serde_json::to_string(&head).unwrap(),
        r#"{"name":"stars","field":"s","kind":"score","min":0.0,"max":1.5}"#
    );
}

#[test]
fn keys_of_a_head_that_do_not_belong_there_are_refused() {
    let refused = |from: &str, to: &str| Task::from_toml(&CLASSES.replace(from, to)).unwrap_err().to_string();
    let typo = refused("field = \"topic\"", "field = \"topic\"\nlables = [\"x\"]");
    assert!(typo.contains("unknown field `lables`"), "{typo}");
    assert!(refused("labels = ", "lables = ").contains("lables"));
    assert!(refused("field = \"topic\"", "field = \"topic\"\nmin = 1.0").contains("found min or max"));
    assert!(refused("labels = [\"music\", \"sport\"]", "").contains("found no labels"));
    assert!(refused("kind = \"classes\"", "kind = \"score\"").contains("expected min and max"));
    assert!(refused("kind = \"classes\"", "kind = \"clusters\"").contains("clusters"));
}

#[test]
fn display_names_are_checked() {
    let refused = |names: &str| Task::from_toml(&format!("{CLASSES}\n{names}")).unwrap_err().to_string();
    assert!(refused("[head.display.fr]\nname = \"sujet\"").contains("found fr"));
    assert!(refused("[head.display.zh]\nlabels = { tea = \"茶\" }").contains("found tea"));
    assert!(refused("[head.display.zh]\nlabels = { music = \"\" }").contains("found 0 characters"));
    assert!(refused("[head.display.zh]\nname = \"a\\u001bb\"").contains("control"));
    assert!(refused("[head.display.zh]\ntitle = \"x\"").contains("unknown field `title`"));
}
