//! The public clients of the protocols, from npm, against a running server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use streamgauge::config::ServeSettings;
use tokio::time::sleep;

use crate::http::serve;
use crate::http::settings;
use crate::packages;
use crate::push::rig::snapshot;

const TOKEN: &str = "correct-horse";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_clients_get_what_they_expect() {
    if packages::are_left_out("clients of GraphQL from npm") {
        return;
    }
    let mut open = serve(settings(), snapshot(1)).await;
    let guarded = ServeSettings {
        token: Some(TOKEN.into()),
        ..settings()
    };
    let mut guarded = serve(guarded, snapshot(1)).await;
    let addresses = [open.addr, guarded.addr].map(|addr| addr.to_string());
    let clients = tokio::task::spawn_blocking(move || {
        let [open, guarded] = &addresses;
        packages::node("clients.mjs", &[open, guarded, TOKEN])
    });
    // A newer snapshot each 20 ms, so that each tick shows another.
    let writer = async {
        for sequence in 2.. {
            open.publisher.publish(|next| *next = snapshot(sequence));
            guarded.publisher.publish(|next| *next = snapshot(sequence));
            sleep(Duration::from_millis(20)).await;
        }
    };
    let told = tokio::select! {
        told = clients => told.unwrap(),
        () = writer => unreachable!("the writer goes on for ever"),
    };
    let checks =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/clients.mjs"));
    let checks = checks.unwrap().matches("\nawait check(").count();
    assert_eq!(told.matches("ok: ").count(), checks, "{told}");
}
