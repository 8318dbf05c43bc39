// What a tool call says in one line, and which of its arguments are a difference.

import { linesBetween, type Line } from "../../components/Diff";
import { t } from "../../i18n";
import type { JsonValue } from "../../protocol/generated/serde_json/JsonValue";

type Arguments = Record<string, JsonValue | undefined>;

/** Arguments as a record; models now and then write them as a string, or as nothing. */
export function argumentsOf(value: JsonValue): Arguments {
  if (typeof value === "string") {
    try {
      return argumentsOf(JSON.parse(value) as JsonValue);
    } catch {
      return {};
    }
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function text(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(text).join(" ");
  return "";
}

export interface ToolLine {
  verb: string;
  /** A path, a command, a pattern: shown in the code face. */
  subject: string;
  /** A path inside the project, where the subject is one. */
  path: string | undefined;
}

export function toolLine(tool: string, value: JsonValue, command: string | undefined): ToolLine {
  const args = argumentsOf(value);
  const path = text(args["path"]) || undefined;
  switch (tool) {
    case "read_project_file": {
      const offset = Number(text(args["offset"])) || undefined;
      const limit = Number(text(args["limit"])) || 500;
      return { verb: t.tools.read, subject: offset ? `${path ?? ""} ${t.tools.lines({ first: offset, last: offset + limit - 1 })}` : (path ?? ""), path };
    }
    case "write_project_file":
      return { verb: t.tools.write, subject: path ?? "", path };
    case "edit_project_file":
      return { verb: t.tools.edit, subject: path ?? "", path };
    case "search_codebase":
      return { verb: t.tools.search, subject: text(args["pattern"]) || text(args["query"]), path: undefined };
    case "list_project_files":
      return { verb: t.tools.list, subject: path === "." ? "" : (path ?? ""), path: undefined };
    case "get_file_summary":
      return { verb: t.tools.summary, subject: path ?? "", path };
    case "run_command":
      return { verb: t.tools.run, subject: command ?? (text(args["command"]) || text(args["argv"])), path: undefined };
    case "run_tests":
      return { verb: t.tools.tests, subject: command ?? text(args["filter"]), path: undefined };
    case "background_job":
      return { verb: t.tools.job, subject: [text(args["action"]), text(args["job_id"])].filter(Boolean).join(" "), path: undefined };
    case "git_log":
      return { verb: t.tools.gitLog, subject: path ?? "", path: undefined };
    case "git_diff":
      return { verb: t.tools.gitDiff, subject: path ?? "", path: undefined };
    case "fetch_url":
      return { verb: t.tools.fetch, subject: text(args["url"]), path: undefined };
    case "apply_code_block":
      return { verb: t.talk.apply, subject: path ?? "", path };
    case "web_search":
      return { verb: t.tools.web, subject: text(args["query"]), path: undefined };
    case "search_code_semantic":
      return { verb: t.tools.searchMeaning, subject: text(args["query"]), path: undefined };
    case "find_function":
      return { verb: t.tools.findFunction, subject: text(args["name"]), path: undefined };
    case "find_class_or_struct":
      return { verb: t.tools.findType, subject: text(args["name"]), path: undefined };
    case "find_imports":
      return { verb: t.tools.findImports, subject: text(args["name"]), path: undefined };
    case "find_tests_for_code":
      return { verb: t.tools.findTests, subject: text(args["name"]), path };
    case "find_callers":
      return { verb: t.tools.findCallers, subject: text(args["name"]), path };
    case "get_element_definition":
      return { verb: t.tools.definition, subject: text(args["name"]), path };
    case "get_file_symbols":
      return { verb: t.tools.symbols, subject: path ?? "", path };
    case "analyze_dependencies":
      return { verb: t.tools.dependencies, subject: path ?? "", path };
    case "get_complexity_hotspots":
      return { verb: t.tools.hotspots, subject: path ?? "", path: undefined };
    case "get_quality_issues":
      return { verb: t.tools.quality, subject: [text(args["kind"]), path ?? ""].filter(Boolean).join(" "), path: undefined };
    case "get_codebase_overview":
      return { verb: t.tools.overview, subject: path ?? "", path: undefined };
    default:
      return { verb: tool.replaceAll("_", " "), subject: path ?? "", path };
  }
}

export interface Piece {
  lines: Line[];
  /** The number of the first line; an edit names its lines by their text alone. */
  first?: number;
}

/** The differences that an edit or write call asked for; empty for other tools. */
export function asked(tool: string, value: JsonValue): Piece[] {
  const args = argumentsOf(value);
  if (tool === "write_project_file") {
    const content = text(args["content"]);
    return content ? [{ lines: linesBetween("", content), first: 1 }] : [];
  }
  if (tool !== "edit_project_file") return [];
  const edits = Array.isArray(args["edits"]) ? args["edits"] : [value];
  return edits.flatMap((edit) => {
    const one = argumentsOf(edit);
    const old = text(one["old"] ?? one["old_text"] ?? one["old_string"]);
    const fresh = text(one["new"] ?? one["new_text"] ?? one["new_string"]);
    return old || fresh ? [{ lines: linesBetween(old, fresh) }] : [];
  });
}

/** Tools whose output is a terminal's. */
export function printsTerminal(tool: string): boolean {
  return tool === "run_command" || tool === "run_tests" || tool === "background_job";
}
