//! A committee from the first file to the last, and what each attack meets.

use pasta_curves::Fp;
use zkmargin_margin::escrow::{Binding, Ciphertext, Nonce, Point, Words, encrypt};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, BucketId, ContextId, Epoch, InstrumentId};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::units::{Amount, Lots};

use zeroize::Zeroizing;
use zkmargin_prover::escrow::{
    CiphertextFile, Committee, CommitteeError, CommitteeFile, EscrowGroup, Member, MemberFile,
    OpenError, OpenedFile, Part, PartError, PartFile, ViewingKeyFile, deal, draw_nonce, open,
    open_with_nonce,
};
use zkmargin_prover::venue::FieldHex;

struct Fixture<F: EscrowGroup> {
    committee: Committee<F>,
    members: Vec<Member<F>>,
    binding: Binding,
    nonce: Nonce,
    words: Words<F>,
    ciphertext: Ciphertext<F>,
}

fn portfolio() -> Portfolio {
    let position = |instrument| Position {
        bucket: BucketId::new(0),
        instrument: InstrumentId::new(instrument),
        quantity: Lots::new(-5),
        cash: Amount::new(7_000).unwrap(),
    };
    Portfolio::new(vec![position(1), position(2)], Blinding::new([9; 31])).unwrap()
}

fn fixture<F: EscrowGroup>(threshold: usize, members: usize) -> Fixture<F> {
    let (committee, members) = deal::<F>(threshold, members).unwrap();
    let portfolio = portfolio();
    let ends = (portfolio.reserved(), portfolio.blinding());
    let words = Words::new(portfolio.positions(), ends, 8).unwrap();
    let binding = Binding {
        context: ContextId::derive("test", 1, [0; 20]),
        epoch: Epoch::new(7),
        account: AccountId::new([3; 20]),
    };
    let nonce = draw_nonce().unwrap();
    let ciphertext = encrypt(committee.key(), &nonce, &binding, &words);
    Fixture { committee, members, binding, nonce, words, ciphertext }
}

impl<F: EscrowGroup> Fixture<F> {
    fn part(&self, member: usize) -> Part<F> {
        Part::new(&self.committee, &self.members[member - 1], &self.ciphertext).unwrap()
    }

    fn opens(&self, parts: &[Part<F>]) -> Result<(Words<F>, Vec<PartError>), OpenError> {
        let opened = open(&self.committee, &self.ciphertext, &self.binding, parts)?;
        Ok((opened.words, opened.dishonest))
    }
}

/// Any `t` of `n` open, through the files; `t - 1` do not.
fn threshold<F: EscrowGroup>() {
    for (t, n) in [(1, 1), (1, 3), (2, 2), (2, 3), (3, 5)] {
        let f = fixture::<F>(t, n);
        let text = CommitteeFile::of(&f.committee).to_json();
        assert_eq!(CommitteeFile::parse::<F>(&text).unwrap(), f.committee);
        let file = CiphertextFile::of(f.committee.key(), &f.binding, &f.ciphertext);
        let read = CiphertextFile::parse::<F>(&file.to_json()).unwrap();
        assert_eq!(read, (*f.committee.key(), f.binding, f.ciphertext.clone()));
        let parts: Vec<Part<F>> = f
            .members
            .iter()
            .map(|member| {
                let member = MemberFile::parse::<F>(&MemberFile::of(member).to_json()).unwrap();
                f.committee.check(&member).unwrap();
                let part = Part::new(&f.committee, &member, &f.ciphertext).unwrap();
                PartFile::parse(&PartFile::of(&part).to_json()).unwrap()
            })
            .collect();
        for from in 0..=n - t {
            let (words, dishonest) = f.opens(&parts[from..from + t]).unwrap();
            assert!(words == f.words && dishonest.is_empty());
        }
        let few = f.opens(&parts[..t - 1]).unwrap_err();
        let expected = OpenError::TooFew { honest: t - 1, threshold: t, dishonest: vec![] };
        assert_eq!(few, expected);
    }
}

#[test]
fn any_threshold_of_a_committee_opens_and_fewer_do_not() {
    threshold::<Fp>();
    threshold::<Bn254Fr>();
}

/// Who has fewer secrets than it takes and interpolates all the same opens nothing.
#[test]
fn a_smaller_polynomial_through_too_few_parts_opens_nothing() {
    let f = fixture::<Bn254Fr>(3, 4);
    let smaller = Committee::new(f.committee.commitments()[..2].to_vec(), 4).unwrap();
    // Its parts are not those of a committee of two, and without that check the point
    // that they interpolate to is another.
    let parts = [f.part(1), f.part(2)];
    let refused = open(&smaller, &f.ciphertext, &f.binding, &parts).unwrap_err();
    assert!(matches!(refused, OpenError::TooFew { honest: 0, .. }));
}

#[test]
fn a_dishonest_part_is_named_and_left_out() {
    let f = fixture::<Bn254Fr>(2, 3);
    let [one, two, three] = [1, 2, 3].map(|member| f.part(member));
    // Another member's point, a doubled one, the nonce point itself, a bent proof, a part
    // under another's number.
    let lies: [Part<Bn254Fr>; 6] = [
        Part { point: three.point, ..two.clone() },
        Part { point: two.point.doubled(), ..two.clone() },
        Part { point: *f.ciphertext.nonce_point(), ..two.clone() },
        Part { challenge: one.challenge, ..two.clone() },
        Part { response: [0; 32], ..two.clone() },
        Part { member: 2, ..one.clone() },
    ];
    for lie in &lies {
        assert_eq!(lie.check(&f.committee, &f.ciphertext), Err(PartError::Dishonest(2)));
        let (words, dishonest) = f.opens(&[one.clone(), lie.clone(), three.clone()]).unwrap();
        assert!(words == f.words);
        assert_eq!(dishonest, [PartError::Dishonest(2)]);
        let few = f.opens(&[one.clone(), lie.clone()]).unwrap_err();
        assert!(few.to_string().contains("member 2"), "{few}");
    }
    // Scalars that are not canonical.
    let bent = Part { response: [0xff; 32], ..two.clone() };
    assert_eq!(bent.check(&f.committee, &f.ciphertext), Err(PartError::Dishonest(2)));
    // Twice the same member counts once at most: it is refused.
    assert_eq!(f.opens(&[one.clone(), one.clone()]).unwrap_err(), OpenError::Twice(1));
    for member in [0, 4] {
        let lie = Part { member, ..two.clone() };
        assert!(matches!(
            lie.check(&f.committee, &f.ciphertext),
            Err(PartError::Committee(CommitteeError::NoSuchMember { .. }))
        ));
    }
}

/// A part is of one ciphertext: that of another epoch, account or nonce takes another.
#[test]
fn parts_are_of_one_ciphertext() {
    let f = fixture::<Fp>(2, 3);
    let part = f.part(1);
    let other = encrypt(f.committee.key(), &draw_nonce().unwrap(), &f.binding, &f.words);
    assert_eq!(part.check(&f.committee, &other), Err(PartError::OtherCiphertext(1)));
    let mut elements = f.ciphertext.elements().to_vec();
    elements[0] += Fp::from(1);
    let bent = Ciphertext::new(*f.ciphertext.nonce_point(), elements).unwrap();
    assert_eq!(part.check(&f.committee, &bent), Err(PartError::OtherCiphertext(1)));
    // Under the name of the other ciphertext the proof is false.
    // Under the name of the other ciphertext the proof is false, and also where the nonce's
    // point, and so the part itself, is the same.
    for other in [other, bent] {
        let renamed = Part { escrow: other.digest(f.committee.key()), ..part.clone() };
        assert_eq!(renamed.check(&f.committee, &other), Err(PartError::Dishonest(1)));
    }
}

/// Of a threshold of one all members have the same secret, and a part is still of the member
/// who gave it.
#[test]
fn a_part_of_one_member_is_no_other_members() {
    let f = fixture::<Bn254Fr>(1, 3);
    let lie = Part { member: 2, ..f.part(1) };
    assert_eq!(lie.check(&f.committee, &f.ciphertext), Err(PartError::Dishonest(2)));
}

/// What was given before a new version is still a part of it: the challenge is of the same
/// bytes in the same order.
#[test]
fn a_stored_part_is_still_one() {
    let [committee_text, ciphertext_text, part_text] = [
        include_str!("../stored/committee.json"),
        include_str!("../stored/ciphertext.json"),
        include_str!("../stored/part.json"),
    ];
    let committee = CommitteeFile::parse::<Bn254Fr>(committee_text.as_bytes()).unwrap();
    let (key, _, ciphertext) = CiphertextFile::parse(ciphertext_text.as_bytes()).unwrap();
    assert_eq!(key, *committee.key());
    let part = PartFile::parse(part_text.as_bytes()).unwrap();
    assert_eq!(part.check(&committee, &ciphertext), Ok(()));
    // Files are written as they were.
    assert_eq!(*CommitteeFile::of(&committee).to_json(), *committee_text.as_bytes());
    assert_eq!(*PartFile::of(&part).to_json(), *part_text.as_bytes());
}

#[test]
fn a_dealer_that_lies_is_found_by_the_member() {
    let f = fixture::<Bn254Fr>(2, 3);
    let other = fixture::<Bn254Fr>(2, 3);
    let refused = |committee: &Committee<Bn254Fr>, member: &Member<Bn254Fr>| {
        assert!(matches!(committee.check(member), Err(CommitteeError::OtherSecret(_))));
        assert!(Part::new(committee, member, &f.ciphertext).is_err());
    };
    // Another's secret, another committee's, one more than it should be.
    let key = *f.committee.key();
    let secret = f.members[0].expose().clone();
    refused(&f.committee, &Member::new(2, key, secret.clone()).unwrap());
    refused(&other.committee, &f.members[0]);
    let mut more = secret.clone();
    more[0] ^= 1;
    refused(&f.committee, &Member::new(1, key, more).unwrap());
    assert!(Member::new(1, key, Zeroizing::new([0xff; 32])).is_none());
    assert_eq!(format!("{:?}", f.members[0]), "Member { number: 1, .. }");
}

#[test]
fn sizes_are_checked() {
    for (threshold, members) in [(0, 3), (4, 3), (1, 0), (2, 256)] {
        let expected = CommitteeError::Sizes { threshold, members };
        assert_eq!(deal::<Fp>(threshold, members).unwrap_err(), expected);
    }
}

/// The viewing key opens its ciphertext and no other.
#[test]
fn a_viewing_key_opens_one_ciphertext() {
    let f = fixture::<Bn254Fr>(2, 3);
    let escrow = f.ciphertext.digest(f.committee.key());
    let file = ViewingKeyFile::of(&escrow, &f.nonce);
    let (read, nonce) = ViewingKeyFile::parse::<Bn254Fr>(&file.to_json()).unwrap();
    assert!(read == escrow && nonce == f.nonce);
    let key = f.committee.key();
    let words = open_with_nonce(key, &nonce, &f.ciphertext, &f.binding).unwrap();
    assert!(words == f.words);
    let other = draw_nonce().unwrap();
    let ciphertext = encrypt(key, &other, &f.binding, &f.words);
    let refused = open_with_nonce(key, &nonce, &ciphertext, &f.binding).unwrap_err();
    assert_eq!(refused, OpenError::OtherNonce);
    let opened = OpenedFile::of(&words).unwrap();
    assert_eq!(opened.positions(), 2);
    let commitment = portfolio().commitment::<Bn254Fr>();
    assert_eq!(opened.commitment(), FieldHex::of(&commitment).to_string());
}

/// Files name what is wrong with them, and a secret's value is in no message.
#[test]
fn files_are_refused_in_words() {
    let f = fixture::<Bn254Fr>(2, 3);
    let text = String::from_utf8(CommitteeFile::of(&f.committee).to_json().to_vec()).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from));
        CommitteeFile::parse::<Bn254Fr>(text.replacen(from, to, 1).as_bytes())
            .unwrap_err()
            .to_string()
    };
    assert!(refused("zkmargin-committee", "zkmargin-other").contains("zkmargin-committee"));
    assert!(refused("\"version\": 1", "\"version\": 2").contains("version 2"));
    assert!(refused("bn254-fr", "pasta-fp").contains("bn254-fr"));
    assert!(refused("\"members\": 3", "\"members\": 1").contains("2 of 1 members"));
    let first = text.split('"').find(|part| part.starts_with("0x")).unwrap();
    assert!(refused(first, "0x00").contains("commitments[0]: must be 0x and 128"));
    let zeros = format!("0x{}", "0".repeat(128));
    assert!(refused(first, &zeros).contains("commitments[0]: the point is not on the curve"));
    let large = format!("0x{}", "f".repeat(128));
    assert!(refused(first, &large).contains("not below the field's modulus"));
    // Another file where a member's is read, and a secret out of range.
    assert!(MemberFile::parse::<Bn254Fr>(text.as_bytes()).is_err());
    let member = String::from_utf8(MemberFile::of(&f.members[0]).to_json().to_vec()).unwrap();
    let secret = member.rsplit('"').find(|part| part.starts_with("0x")).unwrap().to_owned();
    let large = format!("0x{}", "f".repeat(64));
    let error = MemberFile::parse::<Bn254Fr>(member.replace(&secret, &large).as_bytes());
    assert!(error.unwrap_err().to_string().starts_with("secret: must be"));
    assert_eq!(format!("{:?}", MemberFile::of(&f.members[0])), "MemberFile(..)");
    let _: Point<Bn254Fr> = *f.committee.key();
}
