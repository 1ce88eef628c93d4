//! The exact output of the page, JSON and metrics.

use trunkline::daemon::status::CutOff;

use super::{Served, by_hand};

/// Removes the version.
fn settled(text: &str) -> String {
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[tokio::test]
async fn the_status_as_json() {
    insta::assert_snapshot!(Served::new(by_hand::usual()).await.get("/api/v1/status").await.body);
}

#[tokio::test]
async fn the_metrics() {
    let text = Served::new(by_hand::usual()).await.get("/metrics").await.body;
    insta::assert_snapshot!(settled(&text));
}

#[tokio::test]
async fn the_page() {
    let mut status = by_hand::usual();
    status.rejected = Some(by_hand::REFUSED.to_owned());
    for organization in &mut status.organizations {
        organization.runs.drain(..57); // three bars say as much as sixty
    }
    insta::assert_snapshot!(settled(&Served::new(status).await.get("/").await.body));
}

#[tokio::test]
async fn equal_statuses_are_shown_in_equal_bytes() {
    let (one, other) =
        (Served::new(by_hand::hostile()).await, Served::new(by_hand::hostile()).await);
    for path in ["/", "/metrics", "/api/v1/status"] {
        assert_eq!(one.get(path).await.body, other.get(path).await.body, "{path}");
    }
}

#[tokio::test]
async fn empty_states_are_described() {
    let page = async |status| Served::new(status).await.get("/").await.body;
    let new = page(by_hand::new()).await;
    assert!(new.contains("No run has finished yet") && new.contains("never"), "{new}");
    let steady = page(by_hand::many(0)).await;
    assert!(steady.contains("Everything is in sync"), "{steady}");
    assert!(steady.contains("In sync for 53 min, since "), "{steady}");
    assert!(steady.contains("No open differences."), "{steady}");
    let mut empty = by_hand::new();
    empty.organizations.clear();
    assert!(page(empty).await.contains("No organization is configured"));
}

#[tokio::test]
async fn on_standby_the_page_names_the_leader_and_claims_no_state() {
    let served = Served::new(by_hand::replica()).await;
    let page = served.get("/").await.body;
    // Of the other two, one is in sync and one is unknown.
    assert!(page.contains("1 of 2 unknown"), "{page}");
    let (_, section) = page.split_once(r#"<section id="o1""#).unwrap();
    let (section, _) = section.split_once("</section>").unwrap();
    assert!(section.contains("On standby; the leader is process 7 (daemon) on replica-b since "));
    assert!(section.contains("Standby") && section.contains("not scheduled"), "{section}");
    let metrics = served.get("/metrics").await.body;
    let of_it = |line: &&str| line.contains("Harbour") && !line.contains("_total{");
    let left: Vec<&str> = metrics.lines().filter(of_it).collect();
    assert_eq!(left.len(), 3, "{left:#?}");
    assert!(
        metrics.contains("trunkline_organization_leader{organization=\"Harbour Telecom\"} 0\n")
    );
    let json = served.get("/api/v1/status").await.body;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let standby = &json["organizations"][0];
    assert_eq!(standby["state"], "unknown");
    assert!(standby["leader"].as_str().unwrap().contains("replica-b"));
    assert!(json["organizations"][1]["leader"].is_null());

    let mut all = by_hand::replica();
    all.organizations.iter_mut().for_each(by_hand::stand_by);
    let page = Served::new(all).await.get("/").await.body;
    assert!(page.contains("On standby</h1>"), "{page}");
}

#[tokio::test]
async fn the_page_metrics_and_json_show_who_leads_what_and_which_lease_is_out_of_reach() {
    let mut status = by_hand::replica();
    status.replicas = 3;
    let since = by_hand::minutes_ago(4);
    for place in [0, 1] {
        status.organizations[place].cut_off = Some(CutOff { since, was_reached: true });
    }
    let served = Served::new(status).await;
    let page = served.get("/").await.body;
    for text in [
        "This replica leads 2 of 3 organizations; 3 replicas are live.",
        "The leadership lease cannot be reached since 4 min ago. This daemon stays on standby.",
        "The leadership lease cannot be reached since 4 min ago. This daemon goes on checking and notifying, and heals nothing.",
    ] {
        assert_eq!(page.matches(text).count(), 1, "{text}: {page}");
    }
    let metrics = served.get("/metrics").await.body;
    for line in [
        "trunkline_replicas 3",
        "trunkline_organization_cut_off{organization=\"Harbour Telecom\"} 1",
        "trunkline_organization_cut_off{organization=\"Northern Lights\"} 0",
        "trunkline_organization_leader{organization=\"Northern Lights\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&served.get("/api/v1/status").await.body).unwrap();
    assert_eq!(json["organizations"][0]["cut_off"], since.to_string());
    assert!(json["organizations"][2]["cut_off"].is_null());
}

#[tokio::test]
async fn the_page_reloads_itself_only_on_request() {
    let served = Served::new(by_hand::usual()).await;
    assert!(!served.get("/").await.body.contains("http-equiv"));
    assert!(!served.get("/?refresh=0;url=https://evil.example").await.body.contains("http-equiv"));
    let refreshing = served.get("/?refresh=60").await.body;
    assert!(refreshing.contains(r#"<meta http-equiv="refresh" content="60">"#));
}

#[tokio::test]
async fn destructive_differences_are_never_folded_behind_others() {
    let page = Served::new(by_hand::many(200)).await.get("/").await.body;
    let (unfolded, folded) = page.split_once("<details>").unwrap();
    let rows = |text: &str| text.matches("@customers.example").count();
    assert_eq!((rows(unfolded), rows(folded)), (25, 175));
    assert_eq!(unfolded.matches(">destructive<").count(), 25);
    assert!(unfolded.contains("200 open differences; resolving 66 of them is destructive"));
}
