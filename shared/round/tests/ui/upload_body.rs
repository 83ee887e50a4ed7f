//! Nor are bytes somebody put together.

use silhouette_round::Action;
use silhouette_wire::message::Upload;

fn upload(header: Box<Upload>, body: Vec<u8>) -> Action {
    Action::Upload { header, body }
}

fn main() {}
