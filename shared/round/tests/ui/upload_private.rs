//! A vector that did not go through the one door is no upload.

use silhouette_privacy::Private;
use silhouette_round::Input;

fn released(update: Private<Vec<f32>>) -> Input {
    Input::Released(update)
}

fn main() {}
