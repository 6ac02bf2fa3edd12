//! The API's description, so that no change of it goes unnoticed. Help texts and the example of a config file are compared
//! where the command line is.

use ragctl::server;

#[test]
fn description_of_the_api() {
    // Its version changes with every release and is not what is looked at here.
    let mut document = server::openapi_document();
    document.info.version = "0.0.0".into();
    insta::assert_json_snapshot!("openapi", document);
}
