// Starts `ccr lsp` for .ccr files.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const command = workspace.getConfiguration("ccr").get("command");
  const server = { command, args: ["lsp"] };
  client = new LanguageClient("ccr", "ccr", server, { documentSelector: [{ scheme: "file", language: "ccr" }] });
  return client.start();
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
