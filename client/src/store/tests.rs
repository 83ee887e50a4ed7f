use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::keys::FileKeyStore;

fn open(folder: &TempDir) -> Result<Store, StoreError> {
    let keys = FileKeyStore::new(folder.path().join("key"));
    Store::open(folder.path().join("store.sqlite"), &keys)
}

fn texts(store: &Store) -> Vec<String> {
    store.events().unwrap().expose_on_device().iter().map(|e| e.text.clone()).collect()
}

fn event(text: &str) -> Event {
    let mut event = Event::new("me", text);
    event.time = Some(1_709_164_800);
    event.extra.insert("mood".into(), "calm".into());
    event
}

/// Everything in the folder but the key, as bytes.
fn bytes_on_disk(folder: &TempDir) -> Vec<u8> {
    let files = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().path());
    files.filter(|f| !f.ends_with("key")).flat_map(|f| fs::read(f).unwrap()).collect()
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle.as_bytes())
}

#[test]
fn events_survive_reopening_in_order_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let events = [event("one"), event("二"), event("three")];
    open(&folder).unwrap().import(&events).unwrap();
    let mut store = open(&folder).unwrap();
    assert_eq!(store.events().unwrap().expose_on_device(), &events);
    let done = store.import(&[event("二"), event("four")]).unwrap();
    assert_eq!(done, Imported { added: 1, duplicates: 1 });
    assert_eq!(store.count().unwrap(), 4);
    let page = store.list(1, 2).unwrap();
    let ids: Vec<_> = page.expose_on_device().iter().map(|e| e.id).collect();
    assert_eq!(ids, [2, 3]);
}

#[test]
fn the_same_words_at_another_time_are_another_event() {
    let folder = tempfile::tempdir().unwrap();
    let mut later = event("again");
    later.time = Some(1_709_164_801);
    assert_eq!(open(&folder).unwrap().import(&[event("again"), later]).unwrap().added, 2);
}

#[test]
fn no_plain_text_reaches_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let canaries = ["canary-in-plain-english", "金丝雀不应该出现在磁盘上", "calm", "1709164800"];
    let mut store = open(&folder).unwrap();
    store.import(&[event(canaries[0]), event(canaries[1])]).unwrap();
    let while_open = bytes_on_disk(&folder);
    drop(store);
    for bytes in [while_open, bytes_on_disk(&folder)] {
        assert!(bytes.len() > 4096);
        assert!(canaries.iter().all(|c| !holds(&bytes, c)));
        assert!(holds(&bytes, "CREATE TABLE"), "the search itself works");
    }
}

#[test]
fn what_is_erased_is_gone_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder).unwrap();
    store.import(&[event("keep"), event("drop")]).unwrap();
    let sealed: Vec<u8> =
        store.connection.query_row("SELECT sealed FROM event WHERE id = 2", [], |row| row.get(0)).unwrap();
    let there = |folder: &TempDir| bytes_on_disk(folder).windows(sealed.len()).any(|w| w == sealed);
    assert!(there(&folder));
    assert!(store.contains(2).unwrap() && store.erase(2).unwrap());
    assert!(!store.contains(2).unwrap() && !store.erase(2).unwrap());
    assert!(!there(&folder));
    assert_eq!(texts(&store), ["keep"]);
    assert_eq!(store.erase_all().unwrap(), 1);
    assert_eq!(store.count().unwrap(), 0);
    // An erased event may be imported again.
    assert_eq!(store.import(&[event("drop")]).unwrap().added, 1);
}

#[test]
fn a_wrong_or_missing_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap().import(&[event("one")]).unwrap();
    let key = folder.path().join("key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    assert!(matches!(open(&folder), Err(StoreError::WrongKey)));
    fs::remove_file(&key).unwrap();
    assert!(matches!(open(&folder), Err(StoreError::KeyMissing)));
    assert!(!key.exists(), "no new key is made over sealed events");
    fs::write(&key, right).unwrap();
    assert_eq!(open(&folder).unwrap().count().unwrap(), 1);
}

#[test]
fn a_changed_or_moved_event_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder).unwrap();
    store.import(&[event("one"), event("two")]).unwrap();
    let swap = "UPDATE event SET sealed = (SELECT sealed FROM event WHERE id = 1) WHERE id = 2";
    store.connection.execute(swap, []).unwrap();
    assert!(matches!(store.events(), Err(StoreError::Sealed { id: 2 })));
}

#[test]
fn a_file_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap().connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open(&folder), Err(StoreError::Schema { expected: 2, found: 99 })));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    let mode = fs::metadata(folder.path().join("store.sqlite")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn an_export_imports_again(words in prop::collection::vec("\\PC{1,20}[a-z好]", 1..6)) {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let events: Vec<_> = words.iter().map(|w| event(w)).collect();
        let mut store = open(&from).unwrap();
        let added = store.import(&events).unwrap().added;
        let mut lines = Vec::new();
        prop_assert_eq!(store.export_jsonl(&mut lines).unwrap(), added);
        let read: Vec<Event> = String::from_utf8(lines).unwrap().lines()
            .map(|l| serde_json::from_str(l).unwrap()).collect();
        let mut copy = open(&to).unwrap();
        copy.import(&read).unwrap();
        prop_assert_eq!(texts(&copy), texts(&store));
    }
}

#[test]
fn the_owners_word_is_kept_sealed_and_goes_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder).unwrap();
    assert_eq!(store.owner().unwrap().expose_on_device(), &OwnerWord::default());
    let word = OwnerWord { declared: [("region".into(), "canary-region".into())].into(), ..OwnerWord::default() };
    store.set_owner(&OwnerWord::default()).unwrap();
    store.set_owner(&word).unwrap();
    drop(store);
    let mut store = open(&folder).unwrap();
    assert_eq!(store.owner().unwrap().expose_on_device(), &word);
    assert!(!holds(&bytes_on_disk(&folder), "canary-region"));
    store.connection.execute("UPDATE owner SET sealed = zeroblob(80)", []).unwrap();
    assert!(matches!(store.owner(), Err(StoreError::Owner)));
    store.erase_all().unwrap();
    assert_eq!(store.owner().unwrap().expose_on_device(), &OwnerWord::default());
}

#[test]
fn a_store_of_version_1_gets_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder).unwrap();
    store.import(&[event("old")]).unwrap();
    store.connection.execute_batch("DROP TABLE owner; PRAGMA user_version = 1").unwrap();
    drop(store);
    let mut store = open(&folder).unwrap();
    assert_eq!(texts(&store), ["old"]);
    store.set_owner(&OwnerWord::default()).unwrap();
    store.connection.execute_batch("PRAGMA user_version = 3").unwrap();
    drop(store);
    assert!(matches!(open(&folder), Err(StoreError::Schema { expected: 2, found: 3 })));
}

#[test]
fn one_source_is_forgotten_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder).unwrap();
    let from = |text: &str, source: &str| {
        let mut event = event(text);
        event.extra.insert("source".into(), source.into());
        event
    };
    store.import(&[from("a", "chat"), from("b", "notes"), from("c", "chat"), event("d")]).unwrap();
    let chat = |event: &Event| event.field("source").is_some_and(|source| source.to_string() == "chat");
    assert_eq!(store.erase_where(chat).unwrap(), 2);
    assert_eq!(texts(&store), ["b", "d"]);
    assert_eq!(store.erase_where(chat).unwrap(), 0);
}
