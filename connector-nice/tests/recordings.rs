//! Which recordings a call has, and when.

mod common;

use std::time::Duration;

use common::{Tenant, bytes};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    AgentRef, Conversation, ConversationRef, DownloadOptions, Error, Lookup, Outlook, Recording, RecordingDownloader,
    RecordingDownloaderExt, ResumeOptions, Speaker, Vendor,
};
use connector_nice::testing::{Endpoint, Fake, NotReady, PlaybackShape};
use connector_nice::{RecordingKey, RecordingsFrom};

#[tokio::test(start_paused = true)]
async fn every_shape_leads_to_the_same_bytes_by_the_id_of_the_master() {
    for shape in [
        PlaybackShape::AsAsked,
        PlaybackShape::RedirectUrl,
        PlaybackShape::FileToPlayUrl,
        PlaybackShape::Interactions,
        PlaybackShape::UpperInteractions,
        PlaybackShape::Value,
    ] {
        for elevated in [false, true] {
            let tenant = Tenant::new(FaultPlan::none());
            tenant.fake.change(|settings| (settings.playback_shape, settings.elevated) = (shape, elevated));
            let call = tenant.call_with(2);
            let set = tenant.set(&tenant.facts(call).await).await;
            assert_eq!((set.items.len(), set.outlook), (1, Outlook::Complete), "{shape:?}");
            let read = bytes(&tenant.nice.recordings(), &set.items[0]).await.unwrap();
            assert!(read == tenant.fake.scenario().calls[call].audio.wav(), "{shape:?}");
            let asked = tenant.fake.requests();
            let ids: Vec<_> = asked.iter().filter_map(|asked| asked.parameter("acd-call-id")).collect();
            assert_eq!(ids, [&tenant.fake.contact_ids(call)[0]; 2], "{shape:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_says_who_is_heard_when_and_in_which_legs() {
    let tenant = Tenant::new(FaultPlan::none());
    let call = tenant.call_with(2);
    let set = tenant.set(&tenant.facts(call).await).await;
    let (recording, told) = (&set.items[0], &tenant.fake.scenario().calls[call]);
    assert_eq!(recording.started.unwrap().at, told.legs()[0].answered);
    assert_eq!(recording.legs, tenant.fake.contact_ids(call));
    if told.audio.channels() == 2 {
        assert_eq!(recording.channels, Some(vec![Speaker::Customer, Speaker::Agent]));
    }
    assert_eq!((recording.part, recording.extension()), (Some((1, 1)), "mp4"));
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_not_ready_is_waited_for_along_the_ladder_in_each_form() {
    for form in [NotReady::NotFound, NotReady::NoInteractions, NotReady::Accepted] {
        let tenant = Tenant::new(FaultPlan::none());
        tenant.fake.change(|settings| (settings.not_ready, settings.not_ready_asks) = (Some(form), usize::MAX));
        let mut call = Conversation::new(ConversationRef::new("1"), Vendor::NICE);
        call.this.id = tenant.fake.contact_ids(tenant.call_with(1))[0].clone();
        call.this.around = Some(tenant.clock.now());
        let mut waits = Vec::new();
        while let Outlook::More { retry_after } = tenant.set(&call).await.outlook {
            waits.push(retry_after.as_secs() / 60);
            tokio::time::advance(retry_after).await;
        }
        assert_eq!(waits[..7], [1, 2, 5, 10, 20, 40, 60], "{form:?}");
        assert_eq!((waits.len(), tenant.set(&call).await.outlook), (29, Outlook::Never), "24 hours, {form:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_accepted_answer_that_says_when_to_come_back_is_believed() {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    fake.change(|settings| (settings.not_ready, settings.not_ready_asks) = (Some(NotReady::Accepted), usize::MAX));
    let between = |_: &Fake, _: &_, answer: connector_core::testing::http::Answer| match answer.status.as_u16() {
        202 => answer.with_header("retry-after", "77"),
        _ => answer,
    };
    let tenant = Tenant::with(fake, between, |config| config);
    let call = tenant.facts(tenant.call_with(1)).await;
    assert_eq!(tenant.set(&call).await.outlook, Outlook::More { retry_after: Duration::from_secs(77) });
}

#[tokio::test(start_paused = true)]
async fn the_file_grows_with_a_leg_and_is_another_version_then() {
    let tenant = Tenant::new(FaultPlan::none());
    let index = tenant.call_with(2);
    let legs = tenant.fake.scenario().calls[index].legs();
    let call = tenant.facts(index).await;
    // Both legs are over by what the call says; the store has the first one.
    tenant.fake.at(legs[0].ended);
    let mut fresh = call.clone();
    fresh.ended = Some(connector_core::Stamp::vendor(tenant.clock.now()));
    let early = tenant.set(&fresh).await;
    assert_eq!(early.items[0].legs, tenant.fake.contact_ids(index)[..1]);
    assert!(matches!(early.outlook, Outlook::More { .. }), "the second leg is to come");
    let first = bytes(&tenant.nice.recordings(), &early.items[0]).await.unwrap();
    assert!(first == tenant.fake.consolidated(index, 1).unwrap().wav());

    tenant.fake.at(legs[1].ended);
    tokio::time::advance(Duration::from_secs(120)).await;
    let late = tenant.set(&fresh).await;
    assert_eq!((late.outlook, &late.items[0].id), (Outlook::Complete, &early.items[0].id));
    assert_ne!(late.items[0].validator, early.items[0].validator);
    assert_eq!(
        tenant.set(&fresh).await.items[0].validator,
        late.items[0].validator,
        "the same file is the same version"
    );
    let second = bytes(&tenant.nice.recordings(), &late.items[0]).await.unwrap();
    assert!(second == tenant.fake.consolidated(index, 2).unwrap().wav());
}

#[tokio::test(start_paused = true)]
async fn a_leg_that_never_comes_is_not_waited_for_all_day() {
    let tenant = Tenant::new(FaultPlan::none());
    let index = tenant.call_with(2);
    let mut call = tenant.facts(index).await;
    tenant.fake.at(tenant.fake.scenario().calls[index].legs()[0].ended);
    call.ended = Some(connector_core::Stamp::vendor(tenant.clock.now()));
    assert!(matches!(tenant.set(&call).await.outlook, Outlook::More { .. }));
    tokio::time::advance(Duration::from_secs(1800)).await;
    assert_eq!(tenant.set(&call).await.outlook, Outlook::Complete);
}

#[tokio::test(start_paused = true)]
async fn one_agents_part_is_fetched_alone() {
    let tenant = Tenant::new(FaultPlan::none());
    let index = tenant.call_with(2);
    let (call, job) = (tenant.facts(index).await, tenant.nice.recordings());
    let all = job.segments(&call).await.unwrap();
    assert_eq!(all.outlook, Outlook::Complete);
    let ids: Vec<_> = all.items.iter().map(|part| part.id.clone()).collect();
    assert_eq!(ids, tenant.fake.segment_ids(index));
    for (part, (clip, leg)) in
        all.items.iter().zip(tenant.fake.segments(index).into_iter().zip(tenant.fake.contact_ids(index)))
    {
        assert_eq!(part.legs, [leg]);
        assert!(bytes(&job, part).await.unwrap() == clip.wav());
    }
    let second = call.legs[1].agent.clone().unwrap();
    let one = job.segments_of(&call, &second).await.unwrap();
    assert_eq!(one.items, all.items[1..], "those of one agent alone");
    let user = &tenant.fake.scenario().agents[tenant.fake.scenario().calls[index].legs()[1].agent];
    assert_eq!(job.segments_of(&call, &AgentRef::default().with_id(&user.id)).await.unwrap().items, all.items[1..]);
    assert!(job.segments_of(&call, &AgentRef::default().with_id("1")).await.unwrap().items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_logged_is_not_asked_for() {
    let tenant = Tenant::new(FaultPlan::none());
    let silent = tenant.fake.scenario().calls.iter().position(|call| !call.recorded).unwrap();
    let call = tenant.facts(silent).await;
    assert_eq!(tenant.set(&call).await.outlook, Outlook::Never);
    assert_eq!(tenant.nice.recordings().segments(&call).await.unwrap().outlook, Outlook::Never);
    assert_eq!(tenant.fake.count(Endpoint::Playback), 0);
}

#[tokio::test(start_paused = true)]
async fn by_the_ids_of_legs_alone_the_master_is_not_asked_for() {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let tenant =
        Tenant::with(fake, |_, _, answer| answer, |config| config.with_recording_key(RecordingKey::ContactOnly));
    let mut call = tenant.facts(tenant.call_with(2)).await;
    call.legs.remove(0);
    let (master, leg) = (call.this.id.clone(), call.legs[0].id.clone());
    tenant.set(&call).await;
    let asked: Vec<_> =
        tenant.fake.requests().iter().filter_map(|asked| asked.parameter("acd-call-id").map(str::to_owned)).collect();
    assert_eq!(asked, [leg]);
    assert!(!asked.contains(&master));
}

fn legacy(faults: FaultPlan) -> Tenant {
    let from = |config: connector_nice::NiceConfig| config.with_recordings_from(RecordingsFrom::LegacyFiles);
    Tenant::with(Fake::new(&Scenario::small(7), faults), |_, _, answer| answer, from)
}

#[tokio::test(start_paused = true)]
async fn legacy_files_are_one_for_each_leg_and_cost_nothing_of_media_playback() {
    let tenant = legacy(FaultPlan::none());
    let index = tenant.call_with(2);
    let (call, job) = (tenant.facts(index).await, tenant.nice.recordings());
    let set = tenant.set(&call).await;
    assert_eq!((set.items.len(), set.outlook), (2, Outlook::Complete));
    for (file, clip) in set.items.iter().zip(tenant.fake.segments(index)) {
        assert_eq!((file.size, file.extension()), (Some(clip.len()), "wav"));
        assert!(bytes(&job, file).await.unwrap() == clip.wav());
    }
    let second = call.legs[1].agent.clone().unwrap();
    assert_eq!(job.segments_of(&call, &second).await.unwrap().items, set.items[1..]);
    assert_eq!(tenant.fake.count(Endpoint::Playback), 0);
    tenant.fake.delete_recordings();
    let gone = job.download(&set.items[0], DownloadOptions::default()).await.unwrap();
    assert!(matches!(gone, Lookup::Gone(_)), "{gone:?}");
    assert!(matches!(job.check().await, connector_core::JobCheck::Ok));
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_for_files_it_is_said_what_is_missing() {
    let tenant = legacy(FaultPlan::none());
    let call = tenant.facts(tenant.call_with(1)).await;
    tenant.fake.forbid(connector_nice::testing::Permission::Files);
    let error = tenant.nice.recordings().of(&call).await.unwrap_err();
    assert!(error.is_forbidden() && error.advice().is_some_and(|advice| advice.contains("files")), "{error}");
}

/// What comes of fetching a recording to its end.
async fn fetched(tenant: &Tenant, recording: &Recording) -> Result<Vec<u8>, Error> {
    use futures_util::TryStreamExt;
    let options = ResumeOptions::default();
    match tenant.nice.recordings().whole(recording, options).await? {
        Lookup::Ready(download) => Ok(download.bytes.try_collect::<Vec<_>>().await?.concat()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_legacy_file_that_is_too_large_is_refused_before_it_is_fetched() {
    let between =
        |_: &Fake, request: &connector_core::testing::http::Request, answer: connector_core::testing::http::Answer| {
            if !request.uri().path().ends_with("/files")
                || request.uri().query().is_some_and(|query| query.contains("fileName"))
            {
                return answer;
            }
            let mut told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            for file in told["files"].as_array_mut().unwrap() {
                file["size"] = (100 * 1024 * 1024 + 1).into();
            }
            connector_core::testing::http::Answer::json(&told)
        };
    let from = |config: connector_nice::NiceConfig| config.with_recordings_from(RecordingsFrom::LegacyFiles);
    let tenant = Tenant::with(Fake::new(&Scenario::small(7), FaultPlan::none()), between, from);
    let set = tenant.set(&tenant.facts(tenant.call_with(1)).await).await;
    let error = fetched(&tenant, &set.items[0]).await.unwrap_err();
    assert!(error.is_too_large() && error.advice().is_some(), "{error}");
    assert_eq!(tenant.fake.count(Endpoint::File), 0);
}

#[tokio::test(start_paused = true)]
async fn a_legacy_file_that_is_no_wav_file_is_refused() {
    let between =
        |_: &Fake, request: &connector_core::testing::http::Request, answer: connector_core::testing::http::Answer| {
            if !request.uri().query().is_some_and(|query| query.contains("fileName")) {
                return answer;
            }
            let text = String::from_utf8(answer.body.to_vec()).unwrap().replace("UklGR", "AAAAA");
            answer.with_body(text)
        };
    let from = |config: connector_nice::NiceConfig| config.with_recordings_from(RecordingsFrom::LegacyFiles);
    let tenant = Tenant::with(Fake::new(&Scenario::small(7), FaultPlan::none()), between, from);
    let set = tenant.set(&tenant.facts(tenant.call_with(1)).await).await;
    let error = fetched(&tenant, &set.items[0]).await.unwrap_err();
    assert!(error.is_invalid(), "{error}");
}
