use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;

use super::*;
use crate::http::AccountKey;
use crate::testing::http::{Answer, InProcess, Request};
use crate::{Clock, Context, Vendor};

/// Logs in after a second; refuses every password but `good`, and fails when told to.
#[derive(Clone, Debug, Default)]
struct Door {
    logins: Arc<AtomicU32>,
    life: Option<Duration>,
    down: Arc<StdMutex<bool>>,
}

#[async_trait]
impl TokenSource for Door {
    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::elsewhere("password")]
    }

    async fn log_in(&self, secrets: &[SecretString], _: &Exchange) -> Result<Token> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let count = self.logins.fetch_add(1, Ordering::Relaxed);
        if *self.down.lock().unwrap() {
            return Err(Error::transient("down"));
        }
        if secrets[0].expose_secret() != "good" {
            return Err(Error::unauthorized("wrong"));
        }
        let token = Token::new(format!("t-{count}"));
        Ok(self.life.map_or(token.clone(), |life| token.with_life(life)))
    }
}

impl Door {
    fn logins(&self) -> u32 {
        self.logins.load(Ordering::Relaxed)
    }
}

/// A vault whose one password can be changed.
#[derive(Clone, Debug)]
struct Vault(Arc<StdMutex<&'static str>>);

#[async_trait]
impl SecretSource for Vault {
    async fn resolve(&self, _: &Secret) -> Result<SecretString> {
        Ok((*self.0.lock().unwrap()).into())
    }
}

fn login(door: &Door, password: &'static str) -> (Login, Vault) {
    let vault = Vault(Arc::new(StdMutex::new(password)));
    let account = Context::default().account(&AccountKey::new(Vendor::named("acme"), "x"));
    let wire = Arc::new(InProcess::new(|_: &Request| Answer::new(404)));
    let exchange = Exchange::new(wire, Clock::default());
    (Login::new(Arc::new(door.clone()), Arc::new(vault.clone()), account, exchange), vault)
}

async fn text(login: &Login) -> String {
    login.token().await.unwrap().text().expose_secret().to_owned()
}

#[tokio::test(start_paused = true)]
async fn all_who_come_at_once_share_one_login() {
    let door = Door::default();
    let (login, _) = login(&door, "good");
    let tokens = join_all((0..50).map(|_| text(&login))).await;
    assert!(tokens.iter().all(|token| token == "t-0"));
    assert_eq!(door.logins(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_logs_in_and_is_dropped_leaves_it_to_the_next() {
    let door = Door::default();
    let (login, _) = login(&door, "good");
    assert!(tokio::time::timeout(Duration::from_millis(500), login.token()).await.is_err());
    assert_eq!(text(&login).await, "t-0");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_five_minutes_before_its_end_but_not_before_half_its_life() {
    for (life, replaced) in [(3600, 3300), (400, 200)] {
        let door = Door { life: Some(Duration::from_secs(life)), ..Door::default() };
        let (login, _) = login(&door, "good");
        let began = Instant::now();
        text(&login).await;
        tokio::time::advance(Duration::from_secs(replaced) - began.elapsed() - Duration::from_millis(1)).await;
        assert_eq!(text(&login).await, "t-0");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(text(&login).await, "t-1", "{life}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_replaced_early_is_used_to_its_end() {
    let door = Door { life: Some(Duration::from_secs(3600)), ..Door::default() };
    let (login, _) = login(&door, "good");
    text(&login).await;
    *door.down.lock().unwrap() = true;
    tokio::time::advance(Duration::from_secs(3400)).await;
    for _ in 0..10 {
        assert_eq!(text(&login).await, "t-0");
    }
    assert_eq!(door.logins(), 2, "not asked again at every request");
    tokio::time::advance(Duration::from_secs(300)).await;
    assert!(login.token().await.unwrap_err().is_transient());
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_tried_once_until_they_change() {
    let door = Door::default();
    let (login, vault) = login(&door, "wrong");
    for _ in 0..10 {
        assert!(login.token().await.unwrap_err().is_unauthorized());
    }
    assert_eq!(door.logins(), 1);
    *vault.0.lock().unwrap() = "good";
    text(&login).await;
    assert_eq!(door.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_tried_again_after_an_hour() {
    let door = Door::default();
    let (login, _) = login(&door, "wrong");
    assert!(login.token().await.is_err());
    tokio::time::advance(Duration::from_secs(3600)).await;
    for _ in 0..10 {
        assert!(login.token().await.is_err());
    }
    assert_eq!(door.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_secret_is_asked_for_again() {
    let door = Door::default();
    let (login, vault) = login(&door, "good");
    let first = login.token().await.unwrap();
    *vault.0.lock().unwrap() = "wrong";
    assert!(login.after_refusal(&first).await.unwrap_err().is_unauthorized());
    assert!(login.token().await.unwrap_err().is_unauthorized());
    *vault.0.lock().unwrap() = "good";
    assert_eq!(text(&login).await, "t-2");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_does_not_change_is_not_tried_twice() {
    #[derive(Debug)]
    struct Key;
    #[async_trait]
    impl TokenSource for Key {
        fn secrets(&self) -> Vec<Secret> {
            vec![Secret::literal("k")]
        }

        async fn log_in(&self, secrets: &[SecretString], _: &Exchange) -> Result<Token> {
            Ok(Token::new(secrets[0].clone()))
        }
    }
    let (door, _) = (Door::default(), ());
    let (mut login, _) = login(&door, "good");
    login.source = Arc::new(Key);
    let key = login.token().await.unwrap();
    assert!(login.after_refusal(&key).await.unwrap().is_none());
    assert!(login.token().await.unwrap_err().is_unauthorized());
}

#[test]
fn a_token_shows_nowhere() {
    let token = Token::new("hunter2").with_id_token("hunter3").with_life(Duration::MAX);
    let shown = format!("{token:?} {:?}", token.header().unwrap());
    assert!(!shown.contains("hunter"), "{shown}");
    assert!(Token::new("line\nbreak").header().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_second_refusal_in_a_row_locks_out_only_if_the_token_never_worked() {
    for (has_worked, tried) in [(true, true), (false, false)] {
        let door = Door::default();
        let (login, _) = login(&door, "good");
        let first = login.token().await.unwrap();
        let second = login.after_refusal(&first).await.unwrap().unwrap();
        if has_worked {
            second.note_success();
        }
        login.give_up(&second).await;
        assert_eq!(login.token().await.is_ok(), tried);
    }
}
