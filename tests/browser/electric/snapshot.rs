//! The snapshot: pages until all is there, and going on from what is stored.

use indexie_tests::wasm_bindgen_test;

use crate::fixtures::{asked, database, names, of_snapshot, rows, sync};
use crate::script::{H1, SNAPSHOT_END, Script, UP_TO_DATE, page, row};

/// V01.
#[wasm_bindgen_test]
async fn a_snapshot_is_stored_once_all_of_it_is_there() {
    let db = database("electric_snapshot").await;
    let script = Script::default()
        .then(page(H1, "0_0", &[row(1, "Ann"), row(2, "Bob"), SNAPSHOT_END.into()]))
        .then(page(H1, "0_inf", &[UP_TO_DATE]));
    let sync = sync(&db, &script).await;
    sync.up_to_date().await.expect("it is up to date");
    assert_eq!(rows(&db).await, [of_snapshot(1, "Ann"), of_snapshot(2, "Bob")]);
    asked(&db, &script, 3).await;
    assert_eq!(
        script.queries(),
        [
            "offset=-1".to_owned(),
            format!("handle={H1}&offset=0_0"),
            format!("cursor=&handle={H1}&live=true&live_sse=true&offset=0_inf"),
        ]
    );
    assert_eq!(names(&db).await.len(), 2);
}
