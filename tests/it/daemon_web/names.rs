//! Text from the API is escaped wherever it is shown.

use trunkline::model::is_harmful;

use super::{Served, by_hand};

/// The tags with their attributes, without the text between them.
fn skeleton(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0).collect()
}

fn harmless(text: &str) -> bool {
    !text.chars().any(|c| is_harmful(c) && c != '\n')
}

#[tokio::test]
async fn no_tag_or_attribute_of_the_page_comes_from_the_api() {
    let names = by_hand::hostile_names();
    let tame: Vec<_> = (0..names.len()).map(|number| format!("name {number}")).collect();
    let hostile = Served::new(by_hand::named(&names)).await.get("/").await.body;
    let tame = Served::new(by_hand::named(&tame)).await.get("/").await.body;
    assert_eq!(skeleton(&hostile), skeleton(&tame));
    assert!(hostile.contains("&#60;script&#62;document.title"));
    assert!(harmless(&hostile));
    assert!(hostile.contains(r"a\u{202e}elpmaxe.live@nimda\u{2066}b"));
    assert!(hostile.contains("… (4600 more characters)"));
}

#[tokio::test]
async fn the_json_escapes_harmful_characters_and_keeps_names() {
    let body = Served::new(by_hand::hostile()).await.get("/api/v1/status").await.body;
    assert!(harmless(&body));
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let names = json["organizations"].as_array().unwrap();
    let names: Vec<_> =
        names.iter().map(|each| each["organization"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, by_hand::hostile_names());
}

#[tokio::test]
async fn metrics_have_one_line_each_and_name_only_organizations() {
    let text = Served::new(by_hand::usual()).await.get("/metrics").await.body;
    assert!(!text.contains('@') && !text.contains("Florist"));
    let hostile = Served::new(by_hand::hostile()).await.get("/metrics").await.body;
    assert!(harmless(&hostile));
    assert!(hostile.lines().all(|line| line.starts_with("trunkline_") || line.starts_with("# ")));
}
