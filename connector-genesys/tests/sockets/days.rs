//! A day and more, with what belongs to one: channels that are renewed, tokens that end, a program that starts again.

use std::time::Duration;

use connector_core::Refusal;
use connector_core::testing::ScenarioCall;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_calm_day_is_heard_whole_with_id_and_login_of_everybody() {
    let day = Scenario::small(7);
    let mut program = Program::new(&day, FaultPlan::none());
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    program.check();
    assert_eq!(program.error.as_ref().map(ToString::to_string), None);
    let legs: Vec<_> = day.calls.iter().flat_map(ScenarioCall::legs).collect();
    let holds: usize = legs.iter().map(|leg| leg.holds.len()).sum();
    let kinds = program.kinds();
    assert_eq!((kinds["answered"], kinds["leg_ended"], kinds["ended"]), (legs.len(), legs.len(), day.calls.len()));
    assert_eq!((kinds["held"], kinds["resumed"]), (holds, holds));
    assert_eq!(program.gaps().len(), 1, "{:?}", program.gaps());
    assert!(matches!(program.statuses.as_slice(), [SourceStatus::Live]), "{:?}", program.statuses);
    for event in program.told().into_iter().filter(|event| event.kind == CallEventKind::Answered) {
        let who = event.agent.as_ref().expect("an agent");
        let known = day.agents.iter().find(|agent| who.id.as_ref() == Some(&agent.id)).expect("one of the day");
        assert_eq!(who.login.as_ref(), Some(&known.login));
        assert!(legs.iter().any(|leg| leg.answered == event.at.at));
    }
}

#[tokio::test(start_paused = true)]
async fn channels_and_tokens_that_end_again_and_again_leave_no_gap() {
    let day = Scenario::small(3);
    let mut program = Program::new(&day, FaultPlan::none());
    program.fake.change(|settings| {
        settings.token_life = Duration::from_secs(40 * 60);
        settings.channel_life = Duration::from_secs(90 * 60);
    });
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    program.check();
    assert_eq!((program.ended().len(), program.gaps().len()), (day.calls.len(), 1), "{:?}", program.gaps());
    assert!(matches!(program.statuses.as_slice(), [SourceStatus::Live]), "{:?}", program.statuses);
}

#[tokio::test(start_paused = true)]
async fn after_a_day_a_new_channel_takes_over_without_a_gap() {
    let day = Scenario::small(5);
    let mut program = Program::new(&day, FaultPlan::none());
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    let first = program.fake.channels();
    program.pass(TimeDelta::hours(25)).await;
    program.check();
    let second = program.fake.channels();
    assert_eq!((first.len(), program.gaps().len()), (1, 1));
    assert!(second.iter().any(|channel| channel.is_connected && channel.id != first[0].id));
    assert_eq!(second.iter().filter(|channel| channel.is_connected).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_starts_again_is_told_what_it_missed() {
    let day = Scenario::small(9);
    let mut program = Program::new(&day, FaultPlan::none());
    program.listen(&Watch::everyone());
    program.until(day.calls[3].ended() + TimeDelta::minutes(1)).await;
    program.events = None;
    // Nobody listens while some calls come and go.
    let away = day.calls[7].ended() + TimeDelta::seconds(5);
    tokio::time::advance((away - program.clock.now()).to_std().expect("later")).await;
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    let gap = program.gaps()[1].clone();
    assert!(gap.from <= day.calls[3].ended() + TimeDelta::minutes(1) && gap.to >= away, "{gap:?}");
    for call in &day.calls {
        assert!(program.ended().contains(call.id.as_str()) || program.is_lost(call.ended()));
    }
    assert!(program.ended().len() >= 8);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stored_is_told_as_a_gap_over_its_calls() {
    let day = Scenario::small(7);
    let mut program = Program::new(&day, FaultPlan::none());
    program.listen(&Watch::everyone());
    let (mut refused, mut turn) = (Vec::new(), 0);
    while let Some(item) = program.next(program.evening()).await {
        match item {
            SourceItem::Delivery(delivery) if turn < 6 && matches!(delivery.items.first(), Some(Item::Event(_))) => {
                turn += 1;
                refused.extend(delivery.items);
                if turn % 2 == 0 { delivery.ack.refuse(Refusal::NotStored) } else { drop(delivery.ack.accept()) }
            }
            other => program.store(other).await,
        }
    }
    assert!(refused.len() >= 6);
    for item in &refused {
        let Item::Event(event) = item else { continue };
        assert!(program.is_lost(event.at.at), "{event:?}");
        assert!(program.is_lost(event.conversation.around.expect("a beginning")));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_deliveries_slowly_misses_no_call() {
    let day = Scenario::small(11);
    let mut program = Program::new(&day, FaultPlan::none());
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    // Each item takes twenty minutes to store: several calls come and go meanwhile.
    while let Some(item) = program.next(program.evening()).await {
        program.store(item).await;
        tokio::time::sleep(Duration::from_secs(20 * 60)).await;
    }
    program.until(program.evening() + TimeDelta::hours(2)).await;
    program.check();
    assert_eq!(program.ended().len(), day.calls.len());
    let legs: usize = day.calls.iter().map(|call| call.legs().len()).sum();
    assert_eq!((program.kinds()["answered"], program.gaps().len()), (legs, 1), "{:?}", program.gaps());
}

#[tokio::test(start_paused = true)]
async fn one_listens_at_a_time_and_whoever_stops_leaves_no_socket_behind() {
    let day = Scenario::small(7);
    let mut program = Program::new(&day, FaultPlan::none());
    program.listen(&Watch::everyone());
    program.pass(TimeDelta::minutes(1)).await;
    assert_eq!(program.fake.channels().iter().filter(|channel| channel.is_connected).count(), 1);
    let mut second = program.genesys.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    assert!(second.next().await.expect("an error").expect_err("an error").is_already_subscribed());
    assert!(second.next().await.is_none());
    program.events = None;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(program.fake.channels().iter().filter(|channel| channel.is_connected).count(), 0);
    program.listen(&Watch::everyone());
    program.until(program.evening()).await;
    assert_eq!(program.ended().len(), day.calls.len());
}
