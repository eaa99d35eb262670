use super::*;

fn root(name: &str) -> StackDescription {
    let tags = [
        (VERSION_TAG, "3.16.1"),
        ("parallelcluster:cluster-name", name),
    ];
    StackDescription {
        arn: format!("arn:aws:cloudformation:eu-west-1:111122223333:stack/{name}/1"),
        name: name.to_owned(),
        status: "CREATE_COMPLETE".to_owned(),
        parent: None,
        tags: tags
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        changed_at: None,
    }
}

#[test]
fn a_cluster_is_a_root_stack_with_a_version_that_builds_no_image() {
    let cluster = SeenCluster::of(&root("cfd")).expect("it is one");
    assert_eq!(
        (cluster.name.as_str(), cluster.version.as_str()),
        ("cfd", "3.16.1")
    );
    assert_eq!((cluster.environment, cluster.user), (None, None));

    let mut foreign = root("cfd");
    foreign.tags.remove(VERSION_TAG);
    let mut queue = root("cfd-queues");
    queue.parent = Some(root("cfd").arn);
    let mut image = root("image");
    image.tags.insert(IMAGE_TAG.to_owned(), "image".to_owned());
    for other in [foreign, queue, image] {
        assert_eq!(SeenCluster::of(&other), None, "{other:?}");
    }
}

#[test]
fn tags_say_whose_a_cluster_is() {
    let mut stack = root("cfd");
    stack
        .tags
        .insert(ENVIRONMENT_TAG.to_owned(), "cfd-lab".to_owned());
    stack.tags.insert(USER_TAG.to_owned(), "ada".to_owned());
    let cluster = SeenCluster::of(&stack).expect("it is one");
    assert_eq!(cluster.environment.as_deref(), Some("cfd-lab"));
    assert_eq!(cluster.user.as_deref(), Some("ada"));
}

#[test]
fn a_status_is_what_pcluster_makes_of_the_stacks() {
    // The mapping of `cloud_formation_status_to_cluster_status`; the rest is as it is.
    for (stack, cluster) in [
        ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"),
        ("CREATE_FAILED", "CREATE_FAILED"),
        ("CREATE_COMPLETE", "CREATE_COMPLETE"),
        ("ROLLBACK_IN_PROGRESS", "CREATE_FAILED"),
        ("ROLLBACK_FAILED", "CREATE_FAILED"),
        ("ROLLBACK_COMPLETE", "CREATE_FAILED"),
        ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS"),
        ("DELETE_FAILED", "DELETE_FAILED"),
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
        ("UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"),
        (
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
        ),
        ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"),
    ] {
        assert_eq!(status_of(stack), cluster, "{stack}");
    }
}
