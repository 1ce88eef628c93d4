//! The schema in an editor, by the YAML language server. `TRUNKLINE_YAML_LS` names its program; without it, the test
//! is skipped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const MANIFEST: &str = "\
# yaml-language-server: $schema=./schema.json
version: 1
organization: acme
policy:
  unlisted_users: delete
accounts:
  - name: Acme
    email: a@acme.example
    chanel_limit: 3
    ";

/// A language server with one open manifest.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    uri: String,
    requests: u64,
}

impl Editor {
    fn open(program: &str, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let uri = format!("file://{}/trunkline.yaml", folder.display());
        let mut editor = Self { server, input, output: BufReader::new(output), uri, requests: 0 };
        let capabilities =
            json!({ "textDocument": { "hover": { "contentFormat": ["plaintext"] } } });
        editor.request("initialize", &json!({ "processId": null, "capabilities": capabilities }));
        editor.send(json!({ "method": "initialized", "params": {} }));
        let document =
            json!({ "uri": editor.uri, "languageId": "yaml", "version": 1, "text": MANIFEST });
        let opened = json!({ "textDocument": document });
        editor.send(json!({ "method": "textDocument/didOpen", "params": opened }));
        editor
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = "2.0".into();
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server has ended");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line == "\r\n" => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        if message.get("method").is_some() && message.get("id").is_some() {
            // The server asks for settings; there are none.
            self.send(json!({ "id": message["id"], "result": null }));
        }
        message
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(json!({ "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                return message["result"].clone();
            }
        }
    }

    /// The answer to a request about the place after `text`.
    fn after(&mut self, method: &str, text: &str) -> Value {
        let before = &MANIFEST[..MANIFEST.find(text).unwrap() + text.len()];
        let (line, start) = (before.matches('\n').count(), before.rfind('\n').unwrap() + 1);
        let position = json!({ "line": line, "character": before.len() - start });
        self.request(method, &json!({ "textDocument": { "uri": self.uri }, "position": position }))
    }

    fn completions(&mut self, text: &str) -> Vec<String> {
        let list = self.after("textDocument/completion", text);
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    /// The problems that the server reports by itself.
    fn problems(&mut self) -> Vec<String> {
        loop {
            let message = self.receive();
            let found = message["params"]["diagnostics"].as_array();
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                let found = found.iter().map(|one| one["message"].as_str().unwrap().to_owned());
                return found.collect();
            }
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test must not look like one that passed")]
fn an_editor_explains_completes_and_checks_a_manifest() {
    let Ok(program) = std::env::var("TRUNKLINE_YAML_LS") else {
        eprintln!("SKIPPED: no YAML language server; see TRUNKLINE_YAML_LS");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/manifests/schema.json");
    std::fs::copy(schema, folder.path().join("schema.json")).unwrap();
    let mut editor = Editor::open(&program, folder.path());
    let problems = editor.problems();
    for part in ["remove", "chanel_limit"] {
        assert!(problems.iter().any(|problem| problem.contains(part)), "{part}: {problems:?}");
    }
    let hover = editor.after("textDocument/hover", "  unlisted_us").to_string();
    assert!(hover.contains("The treatment of users of the organization"), "{hover}");
    assert_eq!(editor.completions("unlisted_users: del"), ["ignore", "report", "remove"]);
    let fields = editor.completions("chanel_limit: 3\n    ");
    for field in ["channel_limit", "custom_pricing", "min_balance"] {
        assert!(fields.iter().any(|label| label == field), "{field}: {fields:?}");
    }
}
