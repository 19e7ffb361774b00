//! Keys as they stand elsewhere.

use connector_core::Secret;
use secrecy::ExposeSecret;

use super::*;

#[tokio::test(start_paused = true)]
async fn while_keys_are_changed_both_are_good() {
    for second in [key("new", "Zm8="), key(API_KEY, "Zm8=")] {
        let new_key = if second.key.text().unwrap().expose_secret() == "new" { "new" } else { API_KEY };
        let door = door_at(at(0), &options().with_key(second));
        assert_eq!(outcome(&door, &handshake()).await, Ok(()));
        assert_eq!(outcome(&door, &handshake().with_key(new_key, Some("Zm8="))).await, Ok(()));
        let other = handshake().with_key(new_key, Some("Zm9v"));
        assert_eq!(outcome(&door, &other).await, Err(Refused::WrongSignature));
    }
    // The secret of one is not that of the other.
    let door = door_at(at(0), &options().with_key(key("new", "Zm8=")));
    assert_eq!(outcome(&door, &handshake().with_key("new", Some(SECRET))).await, Err(Refused::WrongSignature));
}

#[tokio::test(start_paused = true)]
async fn keys_are_read_anew_each_time_and_what_cannot_be_read_opens_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (file, empty) = (home.path().join("secret"), home.path().join("empty"));
    std::fs::write(&empty, "").unwrap();
    let in_file = AudioKey::new(Secret::literal("filed"), Secret::file(&file));
    let door = door_at(at(0), &AudioOptions::new(in_file).with_key(key(API_KEY, SECRET)).with_allow_unsigned(true));
    let filed = |secret| handshake().with_key("filed", Some(secret));
    for text in [None, Some(""), Some("hunter2")] {
        text.iter().for_each(|text| std::fs::write(&file, text).unwrap());
        assert_eq!(outcome(&door, &filed("Zm8=")).await, Err(Refused::UnknownKey));
        assert_eq!(outcome(&door, &filed("")).await, Err(Refused::UnknownKey));
        assert_eq!(outcome(&door, &handshake().with_key("filed", None)).await, Err(Refused::UnknownKey));
        assert_eq!(outcome(&door, &handshake()).await, Ok(()), "the other key is as good as ever");
    }
    std::fs::write(&file, "Zm8=\n").unwrap();
    assert_eq!(outcome(&door, &filed("Zm8=")).await, Ok(()));
    std::fs::write(&file, "Zm9v\n").unwrap();
    assert_eq!(outcome(&door, &filed("Zm8=")).await, Err(Refused::WrongSignature));
    assert_eq!(outcome(&door, &filed("Zm9v")).await, Ok(()));
    let nameless = AudioKey::new(Secret::file(empty), Secret::literal(SECRET));
    let door = door_at(at(0), &AudioOptions::new(nameless));
    assert_eq!(outcome(&door, &handshake().with_key("", Some(SECRET))).await, Err(Refused::UnknownKey));
}
