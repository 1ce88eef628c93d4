//! The owner of an organization: the oldest of the resources in one namespace that have its label.
//!
//! They would share one state. As with routes of the Gateway API, the oldest goes on, so that a new resource does not
//! break one that works.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::api::DynamicObject;

use super::resource::ResourceId;

/// The label of the organization in the manifest. `None` if the manifest has none, which a check reports.
fn organization(resource: &DynamicObject) -> Option<&str> {
    resource.data["spec"]["manifest"]["organization"].as_str()
}

/// The time of creation, which Kubernetes keeps in whole seconds.
fn created(resource: &DynamicObject) -> Option<Timestamp> {
    resource
        .metadata
        .creation_timestamp
        .as_ref()
        .and_then(|created| Timestamp::from_second(created.0.as_second()).ok())
}

/// Returns, for each resource that does not own its organization, the name of the owner.
pub(super) fn owners<'a>(
    resources: impl Iterator<Item = (&'a ResourceId, &'a DynamicObject)>,
) -> BTreeMap<&'a ResourceId, &'a str> {
    let mut claims = BTreeMap::<_, Vec<_>>::new();
    for (id, resource) in resources {
        if let Some(label) = organization(resource) {
            claims.entry((&id.namespace, label)).or_default().push((created(resource), id));
        }
    }
    let mut owners = BTreeMap::new();
    for mut claim in claims.into_values() {
        claim.sort_unstable();
        let mut claim = claim.into_iter().map(|(_, id)| id);
        let Some(owner) = claim.next() else { continue };
        owners.extend(claim.map(|id| (id, owner.name.as_str())));
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::super::resource::api_resource;
    use super::*;

    fn resource(created: &str, organization: &str) -> DynamicObject {
        let mut resource = DynamicObject::new("a", &api_resource());
        resource.data["spec"]["manifest"]["organization"] = organization.into();
        let created = serde_json::json!(created);
        resource.metadata.creation_timestamp = serde_json::from_value(created).unwrap();
        resource
    }

    #[test]
    fn the_oldest_resource_of_a_namespace_owns_an_organization() {
        let id = |namespace: &str, name: &str| ResourceId {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: format!("{namespace}-{name}"),
        };
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
        let resources = [
            (id("x", "a"), resource(late, "acme")),
            (id("x", "b"), resource(early, "acme")),
            (id("x", "c"), resource(early, "acme")),
            (id("x", "d"), resource(late, "Acme")),
            (id("y", "a"), resource(late, "acme")),
            (id("y", "b"), DynamicObject::new("b", &api_resource())),
            (id("y", "c"), DynamicObject::new("c", &api_resource())),
        ];
        let owned = owners(resources.iter().map(|(id, resource)| (id, resource)));
        let owned: Vec<_> = owned.iter().map(|(id, owner)| (id.to_string(), *owner)).collect();
        assert_eq!(owned, [("x/a".to_owned(), "b"), ("x/c".to_owned(), "b")]);
    }
}
