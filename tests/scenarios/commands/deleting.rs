//! DELETE is a request, on the command line too.

use super::{CFD, Desk};

#[tokio::test]
async fn deletion_is_a_request_until_nothing_is_owned() {
    let desk = Desk::furnished().await;
    desk.execute(
        "INSERT INTO streamkeeper.owned_objects (uid, object)
         SELECT uid, 'fleet/cfd' FROM streamkeeper.environments WHERE name = 'cfd'",
    )
    .await;
    let requested = desk.run(&["delete", "cfd"]).succeeds();
    assert_eq!(requested, "environment/cfd deletion requested\n");
    let again = desk.run(&["delete", "cfd"]).succeeds();
    assert_eq!(again, "environment/cfd deletion already requested\n");

    let error = desk.apply(CFD).fails(1);
    assert_eq!(
        error,
        "error: environment \"cfd\" is being deleted; wait --for=delete\n  \
           in: stdin: document 1\n\
         hint: `streamkeeper wait cfd --for=delete` returns when it is gone\n"
    );
    let error = desk
        .run(&["wait", "cfd", "--for=delete", "--timeout", "0"])
        .fails(1);
    assert_eq!(
        error,
        "error: timed out waiting for the deletion of environment/cfd \
         (nobody has looked at it yet)\n"
    );

    desk.execute("DELETE FROM streamkeeper.owned_objects").await;
    let gone = desk.run(&["delete", "cfd", "--wait"]).succeeds();
    assert_eq!(gone, "environment/cfd deleted\n");
    let error = desk.run(&["delete", "cfd"]).fails(1);
    assert!(
        error.starts_with("error: environment \"cfd\" does not exist\n"),
        "{error}"
    );
    assert_eq!(
        desk.run(&["delete", "cfd", "--ignore-not-found"])
            .succeeds(),
        ""
    );
}

#[tokio::test]
async fn what_is_gone_was_waited_for() {
    let desk = Desk::create().await;
    let answer = desk.run(&["wait", "cfd", "--for=delete"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), ""));
    assert_eq!(answer.stderr, "environment \"cfd\" does not exist\n");
}
