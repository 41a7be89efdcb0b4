//! Exports with what is to be found in them, each given to both verifiers: ours and the Python one, which shares no code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flow_registry::evidence::{KeptNote, PublicKey, verify};
use serde_json::json;

use super::python_program;
use super::sample::public_keys;

/// Verifies every export that comes in and prints one verdict a line.
const DRIVER: &str = r#"
import base64, functools, io, json, sys, tempfile
import verify_export as v
v.signed = functools.cache(v.signed)  # the same few signatures, hundreds of times
for line in sys.stdin:
    case = json.loads(line)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write("".join(case["keys"]))
        file.flush()
        keys = v.read_keys(file.name)
    kept = [v.read_note(note, keys) for note in case["kept"]]
    assert all(note[5] for note in kept)
    try: print(v.verify(io.BytesIO(base64.b64decode(case["export"])), keys, kept)[1].replace("\n", " "))
    except ValueError as error: print(error)
"#;

pub(super) struct Case {
    name: String,
    export: Vec<u8>,
    pub keys: Vec<PublicKey>,
    pub kept: Vec<String>,
    expected: Expected,
}

enum Expected {
    /// The verdict up to its explanation.
    Verdict(String),
    /// Altered somewhere.
    Altered,
    /// Any but intact.
    Bad,
}

#[derive(Default)]
pub(super) struct Cases(Vec<Case>);

impl Cases {
    pub(super) fn add(&mut self, name: impl Into<String>, export: Vec<u8>, expected: &str) -> &mut Case {
        let expected = Expected::Verdict(expected.to_owned());
        self.0.push(Case { name: name.into(), export, keys: public_keys(1), kept: Vec::new(), expected });
        self.0.last_mut().unwrap()
    }

    /// An export with something wrong, wherever that may show first.
    pub(super) fn add_bad(&mut self, name: impl Into<String>, export: Vec<u8>) -> &mut Case {
        let case = self.add(name, export, "");
        case.expected = Expected::Bad;
        case
    }

    /// An export that is altered, wherever that may show first.
    pub(super) fn add_altered(&mut self, name: impl Into<String>, export: Vec<u8>) -> &mut Case {
        let case = self.add(name, export, "");
        case.expected = Expected::Altered;
        case
    }

    /// Both verifiers must come to the expected verdict, and agree at which event.
    #[track_caller]
    pub(super) fn check(&self) {
        let input: String = self.0.iter().map(|case| case.for_python() + "\n").collect();
        let output = python_program(DRIVER, &input);
        let python: Vec<&str> = output.lines().collect();
        assert_eq!(python.len(), self.0.len(), "{output}");
        for (case, python) in self.0.iter().zip(python) {
            let ours = case.verdict();
            let head = |verdict: &str| verdict.split([':', ';', ',']).next().unwrap().to_owned();
            assert_eq!(head(&ours), head(python), "{}: {ours} / {python}", case.name);
            match &case.expected {
                Expected::Verdict(expected) => assert_eq!(&head(&ours), expected, "{}: {ours}", case.name),
                Expected::Altered => assert!(ours.starts_with("altered"), "{}: {ours}", case.name),
                Expected::Bad => assert!(!ours.starts_with("intact"), "{}: {ours}", case.name),
            }
        }
    }
}

impl Cases {
    /// What both verifiers say of the case of this name, beyond the verdict.
    #[track_caller]
    pub(super) fn check_says(&self, name: &str, says: &str) {
        let case = self.0.iter().find(|case| case.name == name).unwrap();
        let python = python_program(DRIVER, &(case.for_python() + "\n"));
        for verdict in [case.verdict(), python] {
            assert!(verdict.contains(says), "{name}: {verdict}");
        }
    }
}

impl Case {
    fn verdict(&self) -> String {
        let open = |note: &String| KeptNote::open(note, &self.keys).unwrap();
        let kept: Vec<KeptNote> = self.kept.iter().map(open).collect();
        verify(&self.export[..], &self.keys, &kept)
            .map_or_else(|error| error.to_string(), |report| report.to_string())
    }

    fn for_python(&self) -> String {
        let keys: Vec<String> = self.keys.iter().map(PublicKey::published).collect();
        json!({"export": BASE64.encode(&self.export), "keys": keys, "kept": self.kept}).to_string()
    }
}
