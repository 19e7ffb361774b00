use super::*;

fn sources() -> Vec<Origin> {
    vec![Origin::new("acme", "drop"), Origin::new("acme", "five9"), Origin::new("other", "drop")]
}

fn read(text: &str) -> PeopleFile {
    PeopleFile::read(text.as_bytes(), &sources()).unwrap()
}

fn troubles(text: &str) -> Vec<String> {
    read(text).troubles().iter().map(ToString::to_string).collect()
}

#[test]
fn columns_come_in_any_order_with_commas_or_semicolons_and_a_mark_before_them() {
    for text in [
        "\u{feff}Login,person,tenant,source,analyse,name\n kay ,E-1,acme,drop,No,\"Verne, Kay\"\n",
        "tenant;person;source;login;name;analyse\r\nacme;E-1;drop;kay;Verne, Kay;0\r\n",
    ] {
        let file = read(text);
        let row = &file.rows()[0];
        assert_eq!((row.line, row.tenant.as_str(), row.person.as_str(), row.analyse), (2, "acme", "E-1", Some(false)));
        assert_eq!((row.source.as_deref(), row.who.reveal()), (Some("drop"), "kay"));
        assert_eq!(row.name.as_ref().unwrap().reveal(), "Verne, Kay");
    }
}

#[test]
fn a_header_that_cannot_be_used_refuses_the_file() {
    for (header, says, advises) in [
        ("tenant,person,source,logon", "no column \"logon\"", "did you mean `login`?"),
        ("tenant,person,source,shoe size", "no column \"shoe size\"", "the columns are tenant, person"),
        ("tenant,person,source,login,login", "`login` is there twice", "leave one out"),
        ("tenant,person,login", "`source` is missing", "the first line names the columns"),
    ] {
        let error = PeopleFile::read(format!("{header}\nacme,E-1,drop,kay\n").as_bytes(), &sources()).unwrap_err();
        assert!(error.is_config() && error.to_string().contains(says), "{header}: {error}");
        assert!(error.advice().is_some_and(|advice| advice.contains(advises)), "{header}: {error}");
    }
}

#[test]
fn an_empty_file_lacks_its_header() {
    assert!(PeopleFile::read(&b""[..], &sources()).unwrap_err().to_string().contains("`tenant` is missing"));
}

#[test]
fn lines_are_those_that_an_editor_counts() {
    let text = "tenant,person,source,login,name\r\n\r\nacme,E-1,drop,kay,\"Kay\r\nVerne\"\r\n\r\nacme,E-2,drop\r\nacme,E-3,x,y,z\r\n";
    assert_eq!(read(text).rows()[0].line, 3);
    assert_eq!(troubles(text)[0].split(':').next(), Some("line 6"));
    assert_eq!(troubles(text)[1].split(':').next(), Some("line 7"));
}

#[test]
fn a_bad_row_costs_the_row_and_all_are_told() {
    let text = "tenant,person,source,login,analyse\n\
                acme,E-1,drop,kay,yes\n\
                acme,E-2,dorp,lee,yes\n\
                acne,E-3,drop,may,yes\n\
                acme,,drop,joe,yes\n\
                acme,E-5,drop,,yes\n\
                acme,E-6,drop,sue,perhaps\n\
                acme,E-7,drop\n\
                acme,E-8,,tim,yes\n\
                acme,E-9,drop,KAY,yes\n\
                acme,E-1,five9,kay,no\n\
                acme,E-10,,,no\n";
    assert_eq!(
        troubles(text),
        [
            "line 3: tenant acme has no source \"dorp\"; did you mean `drop`?",
            "line 4: there is no tenant \"acne\"; did you mean `acme`?",
            "line 5: `person` is empty",
            "line 6: login, id and e-mail are all empty: write the one by which the source knows the person",
            "line 7: `analyse` is neither yes nor no",
            "line 8: it has 3 fields, the header has 5",
            "line 9: `source` is empty, but there is a login, id or e-mail",
            "line 10: the same login at the same source stands on line 2",
            "line 11: `analyse` is not what line 2 says of the same person",
        ]
    );
    let people: Vec<_> = read(text).rows().iter().map(|row| row.person.clone()).collect();
    assert_eq!(people, ["E-1", "E-10"]);
}

#[test]
fn a_row_that_is_no_text_costs_the_row() {
    let file = [b"tenant,person,source,login\nacme,E-1,drop,k\xff\n".as_slice(), b"acme,E-2,drop,lee\n"].concat();
    let read = PeopleFile::read(&file[..], &sources()).unwrap();
    assert_eq!((read.rows().len(), read.troubles()[0].to_string().as_str()), (1, "line 2: it is no UTF-8 text"));
}

#[test]
fn two_logins_of_a_person_may_share_an_e_mail_address_but_two_people_may_not() {
    let text = |second: &str| {
        format!(
            "tenant,person,source,login,email\nacme,E-1,drop,kay,k@example.com\nacme,{second},drop,kay2,K@example.com\n"
        )
    };
    assert!(troubles(&text("E-1")).is_empty());
    assert_eq!(troubles(&text("E-2")), ["line 3: the same email at the same source stands on line 2"]);
}
