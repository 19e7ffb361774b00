//! One call by its id.

use std::sync::Arc;

use chrono::TimeDelta;
use connector_core::testing::http::Answer;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{ConversationHistory, Gone, JobCheck, Lookup, StampSource};
use connector_genesys::testing::Fake;

use super::org::Org;

#[tokio::test(start_paused = true)]
async fn one_call_has_all_that_the_vendor_knows_of_it() {
    let org = Org::of(Fake::new(&Scenario::day(60, 7), FaultPlan::none()));
    let (mut held, mut passed_on) = (0, 0);
    for (index, script) in org.fake.scenario().calls.iter().enumerate() {
        let call = org.facts(index).await;
        let legs = script.legs();
        assert_eq!((call.legs.len(), call.direction), (legs.len(), script.direction), "{}", script.id);
        assert_eq!(call.customer.as_ref(), Some(&script.customer));
        assert_eq!((call.started.unwrap().at, call.ended.unwrap().at), (script.started, script.ended()));
        for (number, (leg, wanted)) in call.legs.iter().zip(&legs).enumerate() {
            let times = [leg.started, leg.answered, leg.ended].map(|stamp| stamp.expect("a time"));
            assert_eq!(times.map(|stamp| stamp.at), [wanted.started, wanted.answered, wanted.ended]);
            assert!(times.iter().all(|stamp| stamp.source == StampSource::Vendor));
            let who = org.fake.agent(&org.fake.scenario().agents[wanted.agent]);
            assert_eq!(leg.agent.as_ref().map(|who| (&who.id, &who.login)), Some((&who.id, &who.login)));
            let holds: Vec<_> = leg.holds.iter().map(|hold| (hold.started.at, hold.ended.map(|end| end.at))).collect();
            assert_eq!(holds, wanted.holds.iter().map(|hold| (hold.start, Some(hold.end))).collect::<Vec<_>>());
            assert_eq!(leg.previous.is_some(), number > 0, "whoever comes later got it from somebody");
            held += holds.len();
        }
        passed_on += usize::from(legs.len() > 1);
        let said: Vec<_> = call.legs.iter().flat_map(|leg| &leg.dispositions).map(|one| one.name.as_deref()).collect();
        assert_eq!(said, [Some(script.disposition.as_str())]);
        let number = format!("55500{index}");
        assert_eq!(call.attributes.get("custom.orderNumber"), Some(&number));
    }
    assert!(held > 0 && passed_on > 0, "the day has holds and transfers");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_on_is_not_ready_and_an_unknown_one_is_gone() {
    let org = Org::new(FaultPlan::none());
    let call = org.fake.scenario().calls[3].clone();
    org.fake.at(call.legs()[0].answered);
    assert!(matches!(org.found(&call.id).await.unwrap(), Lookup::NotReady { .. }));
    org.fake.at(call.started - TimeDelta::seconds(1));
    for unknown in [call.id.as_str(), "7", "no-such-call", "../users", "..", "", "a/b?c#d"] {
        assert_eq!(org.found(unknown).await.unwrap(), Lookup::Gone(Gone::Unknown), "{unknown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_history_lacks_yet_is_waited_for() {
    let org = Org::new(FaultPlan::none());
    let call = org.fake.scenario().calls[0].clone();
    org.fake.change(|settings| settings.listed_after = TimeDelta::hours(10));
    org.fake.at(call.ended() + TimeDelta::seconds(5));
    let Lookup::NotReady { retry_after } = org.found(&call.id).await.unwrap() else { panic!("it is over") };
    assert_eq!(retry_after.as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn without_the_live_record_the_history_is_enough() {
    for forbidden in [false, true] {
        let org = Org::new(FaultPlan::none());
        let whole = org.facts(0).await;
        if forbidden {
            org.fake.forbid("conversation:communication:view");
        } else {
            org.fake.change(|settings| settings.kept_for = TimeDelta::zero());
        }
        let call = org.facts(0).await;
        let versions =
            |of: &connector_core::Conversation| of.legs.iter().map(|leg| leg.revision.clone()).collect::<Vec<_>>();
        assert_eq!((call.detail, versions(&call)), (whole.detail, versions(&whole)));
        assert!(
            whole.attributes.contains_key("custom.orderNumber") && !call.attributes.contains_key("custom.orderNumber")
        );
        assert!(call.legs.iter().flat_map(|leg| &leg.dispositions).all(|one| one.id.is_some() && one.name.is_none()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_of_a_list_is_the_same_version_as_the_call_by_its_id() {
    use connector_core::{HistoryQuery, ListingExt};
    use futures_util::TryStreamExt;
    let org = Org::new(FaultPlan::none());
    let starts = org.fake.scenario().starts;
    let rows = org.genesys.history().ended(HistoryQuery::between(starts, starts + TimeDelta::days(1)));
    let rows: Vec<_> = rows.items(|row| panic!("left out: {row}")).try_collect().await.unwrap();
    assert_eq!(rows.len(), org.fake.scenario().calls.len());
    for (index, listed) in rows.iter().enumerate() {
        let mut kept = org.facts(index).await;
        assert!(kept.legs.iter().all(|leg| leg.revision.is_some()));
        assert!(!kept.merge(listed.clone()), "{} changed", listed.this);
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_to_who_it_is_people_keep_their_ids() {
    let between = |_: &Fake, request: &connector_core::testing::http::Request, answer: Answer| {
        if request.uri().path() == "/api/v2/users" { Answer::new(500) } else { answer }
    };
    let org = Org::with(Fake::new(&Scenario::small(7), FaultPlan::none()), between, |config| config);
    let call = org.facts(0).await;
    let who = call.legs[0].agent.as_ref().unwrap();
    assert!(who.id.is_some() && who.login.is_none() && who.name.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named() {
    let org = Org::new(FaultPlan::none());
    org.fake.forbid("conversation:communication:view");
    assert!(matches!(org.genesys.history().check().await, JobCheck::Ok), "it does without");
    for permission in ["analytics:conversationDetail:view", "analytics:agentConversationDetail:view"] {
        org.fake.forbid(permission);
    }
    let JobCheck::Forbidden { missing, .. } = org.genesys.history().check().await else { panic!("it is forbidden") };
    assert_eq!(missing, "analytics:conversationDetail:view");
    let error = org.found(&org.id(0)).await.unwrap_err();
    assert!(error.is_forbidden() && error.advice().is_some_and(|advice| advice.contains(&missing)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_id_of_another_form_that_is_refused_is_unknown() {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let org = Org::answered(
        Arc::new(fake),
        |config| config,
        |request: &connector_core::testing::http::Request| match request.uri().path() {
            "/oauth/token" => {
                Answer::json(&serde_json::json!({ "access_token": "t", "token_type": "bearer", "expires_in": 999 }))
            }
            _ => Answer::json(&serde_json::json!({ "code": "bad.request" })).with_status(400),
        },
    );
    assert_eq!(org.found("7").await.unwrap(), Lookup::Gone(Gone::Unknown));
}
