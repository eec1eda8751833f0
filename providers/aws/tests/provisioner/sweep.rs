//! Temporary exploration.
use std::collections::BTreeSet;
use kubeproof_contract::provisioner::Provisioner;
use crate::stage::{Stage, plan};

fn run<F: std::future::Future>(f: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(f)
}

#[test]
fn sweep() {
    let Ok(effects) = std::env::var("SWEEP") else { return };
    let (provision, teardown) = run(async {
        let stage = Stage::new(77);
        stage.provisioned().await;
        let n = stage.journal.len();
        stage.calm().teardown().await.unwrap();
        let names = |calls: &[kubeproof_contract::journal::Call]| calls.iter().map(|c| (c.signature.to_string(), c.signature.mutating)).collect::<BTreeSet<_>>();
        let calls = stage.journal.calls();
        (names(&calls[..n]), names(&calls[n..]))
    });
    println!("{} {}", provision.len(), teardown.len());
    for effect in effects.split(',') {
        for (call, mutating) in &provision {
            if !mutating && !matches!(effect, "garbled" | "reject" | "throttle(30)" | "hang") { continue }
            let fault = format!("{call}={effect}");
            let r = std::panic::catch_unwind(|| run(async {
                let stage = Stage::new(77);
                let plan = plan(&[&fault]);
                let mut p = stage.process(&plan);
                let first = tokio::select! { r = p.provision() => Some(r), () = plan.crash() => None };
                drop(p);
                if let Some(Ok(_)) = &first {} else if !effect.starts_with("crash") { println!("P {fault}: {:?}", first.as_ref().map(|r| r.as_ref().err().map(|e| &e.message))); }
                let t = stage.clock.elapsed();
                if t.as_secs() > 3600 { println!("P {fault}: took {t:?}"); }
                stage.provisioned().await;
                stage.expect_no_twins(&fault);
                stage.expect_clean_after_teardown(&fault).await;
            }));
            if r.is_err() { println!("FAIL P {fault}"); }
        }
        for (call, mutating) in &teardown {
            if !mutating && !matches!(effect, "garbled" | "reject" | "throttle(30)" | "hang") { continue }
            let fault = format!("{call}={effect}");
            let r = std::panic::catch_unwind(|| run(async {
                let stage = Stage::new(77);
                stage.provisioned().await;
                let plan = plan(&[&fault]);
                let t = stage.clock.elapsed();
                let mut p = stage.process(&plan);
                let first = tokio::select! { r = p.teardown() => Some(r), () = plan.crash() => None };
                drop(p);
                let t = stage.clock.elapsed() - t;
                if t.as_secs() > 3600 { println!("T {fault}: took {t:?}"); }
                match first { Some(Ok(())) => stage.expect_clean(&fault), other => if !effect.starts_with("crash") { println!("T {fault}: {other:?}") } }
                stage.expect_clean_after_teardown(&fault).await;
            }));
            if r.is_err() { println!("FAIL T {fault}"); }
        }
        println!("done {effect}");
    }
}
