#[path = "../tests/common.rs"]
mod common;
use kubeproof_reports::format::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let w = a.get(2).and_then(|w| w.parse().ok());
    print!(
        "{}",
        render(
            a[1].parse().unwrap(),
            &common::records(),
            &Style {
                colour: a.len() > 3,
                width: w
            }
        )
    );
}
