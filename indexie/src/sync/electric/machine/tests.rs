//! What the machine decides, by a clock that is told what time it is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::sync::electric::message::Message;

const H1: &str = "76514523-1795361888193033";
const H2: &str = "92170320-1795362091156488";
const SCHEMA: &str = r#"{"id":{"type":"int4","not_null":true,"pk_index":0}}"#;
const CHANGE: &str = r#"{"key":"k","value":{"id":"1"},"headers":{"operation":"insert","lsn":"LSN","op_position":OP}}"#;

impl Headers for BTreeMap<&str, String> {
    fn get(&self, name: &str) -> Option<&str> {
        BTreeMap::get(self, name).map(String::as_str)
    }
}

type Named = BTreeMap<&'static str, String>;

fn headers(handle: &str, offset: &str) -> Named {
    let pairs = [("electric-handle", handle), ("electric-offset", offset), ("electric-schema", SCHEMA)];
    pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

fn events(offset: &str) -> Named {
    let mut headers = headers(H1, offset);
    headers.insert("content-type", "text/event-stream".to_owned());
    headers
}

fn messages(texts: &[&str]) -> Vec<Message> {
    texts.iter().map(|text| Message::parse(text.as_bytes()).expect("a message")).collect()
}

fn change(lsn: u64, operation: u64) -> String {
    CHANGE.replace("LSN", &lsn.to_string()).replace("OP", &operation.to_string())
}

/// A machine, and the time.
struct Run {
    machine: Machine,
    now: f64,
}

impl Run {
    /// It has stored all up to this offset.
    fn at(offset: &str) -> Self {
        let columns = Rc::new(Columns::parse(SCHEMA).expect("columns"));
        let offset = Offset::parse(offset).expect("an offset");
        let handle = (!offset.is_start()).then(|| H1.to_owned());
        let position = Position { handle, offset, cursor: String::new(), columns: Some((SCHEMA.to_owned(), columns)) };
        Self { machine: Machine::new(position, false, true), now: 1_000_000.0 }
    }

    /// The same, and it waits for what comes.
    fn live(offset: &str) -> Self {
        let mut run = Self::at(offset);
        assert!(matches!(run.page(H1, offset, &[UP_TO_DATE]), Step::Commit));
        run.machine.committed();
        run
    }

    /// The highest chance: pauses are as long as they can be.
    fn now(&self) -> Now {
        Now { millis: self.now, random: 1.0 }
    }

    fn passes(&mut self, millis: f64) {
        self.now += millis;
    }

    fn mode(&mut self) -> Mode {
        let now = self.now();
        self.machine.ask(now).mode
    }

    fn param(&mut self, name: &str) -> Option<String> {
        let now = self.now();
        let ask = self.machine.ask(now);
        ask.params.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn head(&mut self, status: u16, headers: &Named) -> Head {
        let now = self.now();
        let mode = self.machine.ask(now).mode;
        self.machine.head(mode, status, headers, now)
    }

    fn page(&mut self, handle: &str, offset: &str, texts: &[&str]) -> Step {
        match self.head(200, &headers(handle, offset)) {
            Head::Json(accepted) => {
                let now = self.now();
                self.machine.page(&accepted, messages(texts), now)
            }
            Head::Done(step) => step,
            Head::Events => panic!("it is no stream"),
        }
    }

    /// A stream opens, and ends without a word after so many milliseconds.
    fn empty_stream(&mut self, offset: &str, lasts: f64) -> Step {
        assert!(matches!(self.head(200, &events(offset)), Head::Events));
        self.passes(lasts);
        let now = self.now();
        self.machine.ended(true, now)
    }

    fn event(&mut self, text: &str) -> Option<Step> {
        let now = self.now();
        self.machine.event(messages(&[text]).remove(0), now)
    }

    fn conflict(&mut self, handle: Option<&str>) -> Step {
        let headers = handle.map(|handle| ("electric-handle", handle.to_owned())).into_iter().collect();
        done(self.head(409, &headers))
    }
}

const UP_TO_DATE: &str = r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"26624216"}}"#;

fn done(head: Head) -> Step {
    match head {
        Head::Done(step) => step,
        other => panic!("{other:?}"),
    }
}

/// How long the pause is, and whether something is said of it.
fn pause(step: &Step) -> (u128, bool) {
    match step {
        Step::Ask => (0, false),
        Step::Wait(pause, error) => (pause.as_millis(), error.is_some()),
        other => panic!("{other:?}"),
    }
}

/// V18, and rule 6.
#[test]
fn after_three_short_and_empty_streams_it_polls_for_five_minutes() {
    let mut run = Run::live("0_inf");
    for longest in [200, 400] {
        assert_eq!(run.mode(), Mode::Stream);
        let step = run.empty_stream("0_inf", 20.0);
        assert_eq!(pause(&step), (longest, false));
    }
    let _ = run.empty_stream("0_inf", 20.0);
    assert_eq!(run.mode(), Mode::Poll);
    run.passes(299_000.0);
    assert_eq!(run.mode(), Mode::Poll);
    run.passes(2_000.0);
    assert_eq!(run.mode(), Mode::Stream);
}

/// V18.
#[test]
fn a_new_log_is_a_new_chance_for_streams() {
    let mut run = Run::live("0_inf");
    for _ in 0..3 {
        let _ = run.empty_stream("0_inf", 20.0);
    }
    assert_eq!(run.mode(), Mode::Poll);
    let _ = run.conflict(Some(H2));
    assert!(matches!(run.page(H2, "0_inf", &[UP_TO_DATE]), Step::Commit));
    run.machine.committed();
    assert_eq!(run.mode(), Mode::Stream);
}

/// V11, V18: D3 of the official client.
#[test]
fn streams_that_bring_what_there_is_and_end_are_well() {
    let mut run = Run::live("100_0");
    for lsn in 101..110 {
        assert_eq!(run.mode(), Mode::Stream);
        assert!(matches!(run.head(200, &events(&format!("{lsn}_0"))), Head::Events));
        assert!(run.event(&change(lsn, 0)).is_none());
        assert!(matches!(run.event(UP_TO_DATE), Some(Step::Commit)));
        assert!(run.machine.batch().is_some());
        run.machine.committed();
        run.passes(3.0);
        let now = run.now();
        assert!(matches!(run.machine.ended(true, now), Step::Ask));
    }
    assert_eq!(run.param("offset").as_deref(), Some("109_0"));
}

#[test]
fn a_stream_that_lasts_is_not_short_even_if_nothing_happens() {
    let mut run = Run::live("0_inf");
    for _ in 0..5 {
        assert!(matches!(run.empty_stream("0_inf", 60_000.0), Step::Ask));
        assert_eq!(run.mode(), Mode::Stream);
    }
}

/// A cache gives the same finished stream again and again.
#[test]
fn streams_that_say_the_same_again_at_once_are_not_asked_for_without_a_pause() {
    let mut run = Run::live("100_0");
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert!(matches!(run.head(200, &events("100_0")), Head::Events));
        assert!(run.event(&change(100, 0)).is_none());
        assert!(matches!(run.event(UP_TO_DATE), Some(Step::Commit)));
        assert!(run.machine.batch().is_none(), "it is stored");
        run.machine.committed();
        let now = run.now();
        pauses.push(pause(&run.machine.ended(true, now)).0);
    }
    assert_eq!(pauses, [0, 0, 0, 0, 0, 200, 400]);
    assert_eq!(run.mode(), Mode::Stream);
    assert!(run.param("cache-buster").is_some());
}

/// V16, D4.
#[test]
fn streams_that_stay_silent_three_times_are_given_up() {
    let mut run = Run::live("0_inf");
    for times in 1..=3 {
        assert_eq!(run.mode(), Mode::Stream, "{times}");
        run.passes(45_000.0);
        let now = run.now();
        let step = run.machine.silent(Mode::Stream, now);
        assert_eq!(pause(&step), (1_000, true), "{times}");
        assert_eq!(run.mode(), Mode::Page, "it looks what it has missed");
        assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
        run.machine.committed();
    }
    assert_eq!(run.mode(), Mode::Poll);
    run.passes(301_000.0);
    assert_eq!(run.mode(), Mode::Stream);
}

/// V13: D1.
#[test]
fn a_torn_stream_leaves_everything_where_it_was() {
    let mut run = Run::live("0_inf");
    assert!(matches!(run.head(200, &events("100_4")), Head::Events));
    assert!(run.event(&change(100, 0)).is_none());
    let now = run.now();
    assert_eq!(pause(&run.machine.ended(false, now)), (1_000, true));
    assert_eq!(run.machine.gathered(), 0);
    assert_eq!(run.param("offset").as_deref(), Some("0_inf"));
    assert_eq!(run.param("handle").as_deref(), Some(H1));
}

/// V12: D2.
#[test]
fn a_whole_chunk_is_kept_and_gone_on_from() {
    let mut run = Run::live("0_inf");
    assert!(matches!(run.head(200, &events("100_2")), Head::Events));
    assert!(run.event(&change(100, 0)).is_none());
    assert!(run.event(&change(100, 2)).is_none());
    let now = run.now();
    assert!(matches!(run.machine.ended(true, now), Step::Ask));
    assert_eq!((run.mode(), run.machine.gathered()), (Mode::Page, 2));
    assert_eq!(run.param("offset").as_deref(), Some("100_2"));
    assert!(matches!(run.page(H1, "100_4", &[&change(100, 4), UP_TO_DATE]), Step::Commit));
    let batch = run.machine.batch().expect("a batch");
    assert_eq!((batch.items.len(), batch.position.offset.as_str()), (3, "100_4"));
}

/// V12: what looks like the end of the chunk is not.
#[test]
fn half_a_chunk_is_not_taken_for_a_whole_one() {
    let mut run = Run::live("0_inf");
    assert!(matches!(run.head(200, &events("100_4")), Head::Events));
    assert!(run.event(&change(100, 0)).is_none());
    let now = run.now();
    let _ = run.machine.ended(true, now);
    assert_eq!((run.param("offset").as_deref(), run.machine.gathered()), (Some("0_inf"), 0));
}

/// Rules 3 and 4.
#[test]
fn each_up_to_date_of_a_stream_leads_to_its_last_change() {
    let mut run = Run::live("26757272_7");
    assert!(matches!(run.head(200, &events("26757272_7")), Head::Events));
    assert_eq!(run.param("offset").as_deref(), Some("26757272_7"));
    for (lsn, operation, offset) in [(26_760_448, 4, "26760448_4"), (26_760_600, 0, "26760600_0")] {
        assert!(run.event(&change(lsn, operation)).is_none());
        assert!(matches!(run.event(UP_TO_DATE), Some(Step::Commit)));
        assert_eq!(run.machine.batch().map(|batch| batch.position.offset.to_string()).as_deref(), Some(offset));
        run.machine.committed();
    }
}

/// V23.
#[test]
fn logs_that_end_one_after_another_are_asked_for_more_and_more_slowly() {
    let mut run = Run::live("0_inf");
    let (mut pauses, mut busters) = (Vec::new(), Vec::new());
    for times in 0..11 {
        let step = run.conflict(Some(&format!("{times}-0")));
        pauses.push(pause(&step));
        run.passes(1.0);
        busters.push(run.param("cache-buster").expect("a cache buster"));
    }
    assert_eq!(pauses[..5], [(0, false); 5]);
    assert_eq!(pauses[5..10], [(200, false), (400, false), (800, false), (1_600, false), (3_200, false)]);
    assert_eq!(pauses[10], (5_000, true));
    busters.sort();
    busters.dedup();
    assert_eq!(busters.len(), 11, "no address is asked for twice");
    run.passes(10_001.0);
    assert_eq!(pause(&run.conflict(None)), (0, false), "that was long ago");
}

/// V20: the handle that is no more is remembered, though nothing takes its place.
#[test]
fn a_log_that_is_no_more_is_named_and_not_asked_for() {
    let mut run = Run::live("0_inf");
    let _ = run.conflict(None);
    assert_eq!((run.param("handle"), run.param("expired_handle").as_deref()), (None, Some(H1)));
    let _ = run.conflict(Some(H1));
    assert_eq!((run.param("handle"), run.param("expired_handle").as_deref()), (None, Some(H1)), "it is the same again");
    let _ = run.conflict(Some(H2));
    assert_eq!((run.param("handle").as_deref(), run.param("expired_handle").as_deref()), (Some(H2), Some(H1)));
    assert_eq!(run.param("offset").as_deref(), Some("-1"));
}

/// V32, V33.
#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut run = Run::live("0_inf");
    let ask = |run: &mut Run| (run.param("live"), run.param("offset"), run.param("handle"));
    let before = ask(&mut run);
    for (status, header, least) in [(429, "1", 1_000), (503, "10", 10_000), (429, "100000", 3_600_000)] {
        let headers = [("retry-after", header.to_owned())].into();
        let step = done(run.head(status, &headers));
        assert!(pause(&step).0 >= least, "{status}: {step:?}");
        assert_eq!(ask(&mut run), before, "the same is asked for again");
    }
    let past = [("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT".to_owned())].into();
    let mut fresh = Run::live("0_inf");
    assert_eq!(pause(&done(fresh.head(429, &past))).0, 1_000);
}

/// §2.1.
#[test]
fn failures_double_the_pause_up_to_half_a_minute_until_something_goes_well() {
    let mut run = Run::at("0_inf");
    let fails = |run: &mut Run| pause(&done(run.head(502, &Named::new()))).0;
    let pauses: Vec<_> = (0..7).map(|_| fails(&mut run)).collect();
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]);
    assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
    assert_eq!(fails(&mut run), 1_000);
}

/// Pages that a cache gives say nothing of a server that is away.
#[test]
fn live_requests_that_fail_double_the_pause_though_pages_come_in_between() {
    let mut run = Run::live("0_inf");
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_ne!(run.mode(), Mode::Page);
        pauses.push(pause(&done(run.head(502, &Named::new()))).0);
        assert_eq!(run.mode(), Mode::Page, "it looks whether the server is there");
        assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
        run.machine.committed();
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]);
    assert_eq!(run.mode(), Mode::Poll);
    assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
    assert_eq!(pause(&done(run.head(502, &Named::new()))).0, 1_000, "a poll has come");
}

#[test]
fn a_stream_that_brings_something_makes_the_pause_short_again() {
    let mut run = Run::live("0_inf");
    let fails = |run: &mut Run| {
        let paused = pause(&done(run.head(502, &Named::new()))).0;
        assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
        run.machine.committed();
        paused
    };
    let streams = |run: &mut Run, brings: Option<&str>, lasts: f64| {
        assert!(matches!(run.head(200, &events("0_inf")), Head::Events));
        let _ = brings.map(|brings| run.event(brings));
        run.passes(lasts);
        let now = run.now();
        let _ = run.machine.ended(true, now);
    };
    assert_eq!(fails(&mut run), 1_000);
    streams(&mut run, None, 5_000.0);
    assert_eq!(fails(&mut run), 2_000);
    streams(&mut run, Some(UP_TO_DATE), 5_000.0);
    assert_eq!(fails(&mut run), 1_000);
    streams(&mut run, None, 60_000.0);
    assert_eq!(fails(&mut run), 1_000);
    run.machine.resume();
    assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
    run.machine.committed();
    assert_eq!(fails(&mut run), 1_000, "the network may be another one");
}

/// V37.
#[test]
fn an_answer_of_a_log_that_is_no_more_is_taken_only_when_nothing_else_is_to_be_had() {
    let mut run = Run::live("0_inf");
    let _ = run.conflict(Some(H2));
    let mut busters = Vec::new();
    for _ in 0..4 {
        busters.push(run.param("cache-buster").expect("a cache buster"));
        assert_eq!(run.param("expired_handle").as_deref(), Some(H1));
        run.passes(1.0);
        let _ = run.page(H1, "0_0", &[&change(1, 0)]);
        assert_eq!(run.machine.gathered(), 0, "none of it is kept");
    }
    busters.dedup();
    assert_eq!(busters.len(), 4);
    let names = ["cache-buster", "expired_handle", "handle"];
    assert_eq!(names.map(|name| run.param(name)), [None, None, None]);
    assert_eq!(run.param("offset").as_deref(), Some("-1"));
    assert!(matches!(run.page(H1, "0_0", &[&change(1, 0)]), Step::Ask));
    assert_eq!(run.machine.gathered(), 1);
}

/// V25.
#[test]
fn an_older_part_of_the_log_is_not_taken() {
    let mut run = Run::live("500_4");
    for _ in 0..3 {
        let step = run.page(H1, "400_0", &[&change(400, 0), UP_TO_DATE]);
        assert!(matches!(step, Step::Ask));
        assert_eq!(run.param("offset").as_deref(), Some("500_4"));
        assert!(run.param("cache-buster").is_some());
    }
    let step = run.page(H1, "400_0", &[&change(400, 0), UP_TO_DATE]);
    assert!(matches!(step, Step::Wait(_, Some(SyncError::Protocol { .. }))), "{step:?}");
    assert_eq!((run.machine.gathered(), run.param("handle").as_deref()), (0, Some(H1)));
}

/// V25.
#[test]
fn a_log_out_of_order_is_not_taken() {
    let mut run = Run::live("500_4");
    let step = run.page(H1, "600_2", &[&change(600, 2), &change(600, 0), UP_TO_DATE]);
    assert!(matches!(step, Step::Ask));
    assert_eq!((run.param("offset").as_deref(), run.machine.gathered()), (Some("500_4"), 0));
    assert!(run.param("cache-buster").is_some());
}

/// V25, V28.
#[test]
fn what_has_come_before_may_come_again_in_any_order() {
    let mut run = Run::live("500_4");
    let again = [&change(500, 4), &change(500, 2), &change(600, 0), &change(600, 0), UP_TO_DATE];
    assert!(matches!(run.page(H1, "600_0", &again), Step::Commit));
    let batch = run.machine.batch().expect("a batch");
    assert!(batch.items.iter().all(|item| matches!(item, Item::Change(change) if change.at == Some((600, 0)))));
}

/// V25: the exception.
#[test]
fn a_server_that_has_lost_its_log_is_asked_for_all_of_it() {
    let mut run = Run::live("500_4");
    assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Ask));
    assert_eq!((run.param("offset").as_deref(), run.param("handle")), (Some("-1"), None));
    assert!(run.param("cache-buster").is_some());
    assert!(matches!(run.page(H1, "0_0", &[&change(1, 0)]), Step::Ask), "the log may have the same name");
}

/// V38.
#[test]
fn pages_that_bring_nothing_are_asked_for_more_and_more_slowly() {
    let mut run = Run::at("100_0");
    let pauses: Vec<_> = (0..12).map(|_| pause(&run.page(H1, "100_0", &[]))).collect();
    assert_eq!(pauses[..4], [(0, false); 4]);
    assert_eq!(pauses[4..7], [(100, false), (200, false), (400, false)]);
    assert!(pauses[11].1, "it is told");
    assert!(run.param("cache-buster").is_some());
    assert!(matches!(run.page(H1, "100_2", &[&change(100, 2)]), Step::Ask));
    assert_eq!(run.param("cache-buster"), None);
}

/// V38.
#[test]
fn polls_that_are_answered_at_once_with_nothing_are_asked_for_more_and_more_slowly() {
    let mut run = Run::live("100_0");
    run.machine.stream.disable();
    let poll = |run: &mut Run, lasts: f64| {
        let now = run.now();
        assert_eq!(run.machine.ask(now).mode, Mode::Poll);
        let Head::Json(accepted) = run.machine.head(Mode::Poll, 200, &headers(H1, "100_0"), now) else { panic!() };
        run.passes(lasts);
        let now = run.now();
        match run.machine.page(&accepted, messages(&[UP_TO_DATE]), now) {
            Step::Commit => 0,
            step => pause(&step).0,
        }
    };
    let pauses: Vec<_> = (0..8).map(|_| poll(&mut run, 5.0)).collect();
    assert_eq!(pauses, [0, 0, 0, 0, 0, 200, 400, 800]);
    assert_eq!(poll(&mut run, 20_000.0), 0, "it has waited");
    assert_eq!(poll(&mut run, 5.0), 0);
}

/// V09.
#[test]
fn an_answer_without_content_is_one_without_news() {
    let mut run = Run::at("0_inf");
    let headers = [("electric-handle", H1), ("electric-offset", "0_inf"), ("electric-cursor", "5")];
    let headers: Named = headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    assert!(matches!(done(run.head(204, &headers)), Step::Commit));
    assert!(run.machine.batch().is_none());
    assert_eq!((run.mode(), run.param("cursor").as_deref()), (Mode::Poll, Some("5")));
    let mut empty = Run::at("-1");
    assert!(matches!(done(empty.head(204, &headers)), Step::Wait(_, Some(_))), "a log begins with something");
}

/// Rule 7.
#[test]
fn what_is_to_be_replaced_is_not_gone_on_from() {
    let mut run = Run::live("500_4");
    let _ = run.machine.must_refetch(Some(H2.to_owned()), Now { millis: 0.0, random: 0.5 });
    assert!(matches!(run.page(H2, "0_0", &[&change(1, 0)]), Step::Ask));
    run.machine.resume();
    assert_eq!((run.param("offset").as_deref(), run.machine.gathered()), (Some("-1"), 0));
    assert_eq!(run.param("expired_handle").as_deref(), Some(H1));
}

#[test]
fn pauses_are_spread_by_chance() {
    let mut run = Run::at("0_inf");
    let half = Now { millis: run.now, random: 0.25 };
    let step = run.machine.failed(SyncError::status(500), None, half);
    assert!(matches!(step, Step::Wait(pause, _) if pause == Duration::from_millis(250)));
    assert!(run.param("live").is_none());
}

/// A full disk: what it cannot take is not fetched again and again at once, though the server answers well each time.
#[test]
fn what_cannot_be_stored_is_tried_more_and_more_slowly_until_it_is() {
    let mut run = Run::at("-1");
    let mut pauses = Vec::new();
    for _ in 0..3 {
        assert!(matches!(run.page(H1, "0_0", &[SNAPSHOT_ROW]), Step::Ask));
        assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
        assert_eq!(run.machine.batch().map(|batch| batch.items.len()), Some(1));
        let now = run.now();
        pauses.push(run.machine.not_stored(now).as_millis());
        assert_eq!(run.param("offset").as_deref(), Some("-1"));
    }
    assert_eq!(pauses, [1_000, 2_000, 4_000]);
    run.machine.stored();
    let now = run.now();
    assert_eq!(run.machine.not_stored(now).as_millis(), 1_000);
}

/// An app that has it tried again whatever happens does not ask without a pause, though pages come well in between.
#[test]
fn refusals_are_counted_until_all_there_is_has_come() {
    let mut run = Run::at("-1");
    let mut pauses = Vec::new();
    for _ in 0..3 {
        assert!(matches!(run.page(H1, "0_0", &[SNAPSHOT_ROW]), Step::Ask));
        assert!(matches!(done(run.head(403, &Named::new())), Step::Fail(_)));
        let now = run.now();
        pauses.push(run.machine.refused(now).as_millis());
    }
    assert_eq!((pauses, run.machine.refusals()), (vec![0, 1_000, 2_000], 3));
    assert!(matches!(run.page(H1, "0_inf", &[UP_TO_DATE]), Step::Commit));
    run.machine.committed();
    let now = run.now();
    assert_eq!(run.machine.refused(now).as_millis(), 0);
}

/// V34: of a table in which nothing happens, a token expires now and then.
#[test]
fn refusals_between_streams_that_last_are_not_in_a_row() {
    let mut run = Run::live("0_inf");
    for _ in 0..7 {
        assert!(matches!(done(run.head(401, &Named::new())), Step::Refused(_)));
        assert_eq!(run.machine.refusals(), 0);
        let now = run.now();
        assert_eq!(run.machine.refused(now).as_millis(), 0);
        assert!(matches!(run.empty_stream("0_inf", 60_000.0), Step::Ask));
    }
    for refusals in 0..3 {
        assert!(matches!(done(run.head(401, &Named::new())), Step::Refused(_)));
        assert_eq!(run.machine.refusals(), refusals);
        let now = run.now();
        let _ = run.machine.refused(now);
        assert!(matches!(run.empty_stream("0_inf", 5_000.0), Step::Ask));
    }
}

/// Something on the way tears off streams in which nothing happens.
#[test]
fn streams_that_last_and_are_torn_off_are_opened_again_soon() {
    let mut run = Run::live("0_inf");
    let mut torn_off_after = |lasts| {
        assert!(matches!(run.head(200, &events("0_inf")), Head::Events));
        run.passes(lasts);
        let now = run.now();
        pause(&run.machine.ended(false, now))
    };
    assert_eq!([5_000.0; 3].map(&mut torn_off_after), [(1_000, true), (2_000, true), (4_000, true)]);
    assert_eq!([40_000.0; 3].map(torn_off_after), [(1_000, true); 3]);
}

const SNAPSHOT_ROW: &str = r#"{"key":"k","value":{"id":"1"},"headers":{"operation":"insert"}}"#;
