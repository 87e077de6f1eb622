// SPDX-License-Identifier: Apache-2.0
#include "api/openapi.hpp"

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "api/action.hpp"
#include "api/keys.hpp"
#include "api/lists.hpp"
#include "api/schema.hpp"
#include "api/status.hpp"
#include "api/verdict.hpp"
#include "base/json.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::api {
namespace {

using base::JsonWriter;

struct Parameter {
    std::string_view name;
    std::string_view what;
    std::vector<std::string_view> values = {};  ///< empty: any text
    bool is_number = false;
    std::string_view in = "query";
};

struct Answer {
    int status;
    std::string_view what;
    std::function<void(JsonWriter&)> schema = {};  ///< empty: a problem document; of 304 there is no body
    bool csv = false;                              ///< too
};

/// Of a body.
struct BodyMember {
    std::string_view name;
    std::string_view what;
    bool required = false;
    bool is_flag = false;
    std::vector<std::string_view> values = {};  ///< empty: any text
};

struct Path {
    std::string_view path;
    std::string_view id;
    std::string_view what;
    std::vector<Parameter> parameters;
    std::vector<Answer> answers;
    std::string_view method = "get";
    std::vector<BodyMember> body = {};  ///< of a POST
};

template <class T>
std::function<void(JsonWriter&)> document() {
    return [](JsonWriter& json) { SchemaWriter::write<T>(json, true); };
}

Parameter format() {
    return {"format", "How to write it; the same can be asked for by Accept.", {"json", "csv"}};
}
Parameter limit() {
    return {"limit", "Items on a page at most, 1 to 1000; without it 100.", {}, true};
}
Parameter cursor() {
    return {"cursor", "Of the page before: its `next`. The other parameters stay the same."};
}
Parameter since() {
    return {"since", "A duration, such as 24h, or a time by RFC 3339."};
}
Parameter search(std::string_view what) {
    return {"search", what};
}

std::vector<std::string_view> orders(std::initializer_list<std::string_view> names) {
    return names;
}

std::vector<Answer> with_problems(std::vector<Answer> answers) {
    for (Answer& problem :
         std::vector<Answer>{{304, "It is what If-None-Match says."},
                             {400, "A parameter is none, or has a value that is none."},
                             {401, "web.inventory wants a login."},
                             {403, "web.inventory does not show this to who asks from there."},
                             {421, "The Host header does not name this machine."},
                             {503, "The state cannot be read now, or too many ask at once."}})
        answers.push_back(std::move(problem));
    return answers;
}

template <class T>
std::vector<Answer> list_answers(std::string_view what) {
    return with_problems({{200, what, document<T>(), true}});
}

Path keys_path() {
    return {"/api/v1/keys",
            "keys",
            "Legacy keys, living and gone.",
            {{"phase", "Phases, separated by commas; also live (without this parameter), gone and all."},
             {"owner", "Of this owner alone; empty: of none."},
             search("What stands in the id, name, prefix or owner, whatever its case."),
             {"used_within", "Used within that time: a duration, such as 7d."},
             {"idle_longer_than", "Not used for so long: a duration."},
             {"sort", "The order; with - backwards. Without it -created.",
              orders({"created", "-created", "last_used", "-last_used", "since", "-since", "owner", "-owner",
                      "phase", "-phase", "name", "-name"})},
             limit(),
             cursor(),
             format()},
            list_answers<KeyPage>("A page of keys.")};
}

Path key_path() {
    return {"/api/v1/keys/{id}",
            "key",
            "Everything known about one legacy key, living or gone.",
            {{"id",
              "Its id, the beginning of it, its name, or its prefix as the gateway shows it; in any case.",
              {},
              false,
              "path"},
             format()},
            with_problems({{200, "The key.", document<KeyDetails>()},
                           {300, "Several keys that may be meant.", document<KeyPage>(), true},
                           {404, "No key may be meant."}})};
}

Path owners_path() {
    return {"/api/v1/owners",
            "owners",
            "Who owns legacy keys, and in which phases they are.",
            {search("What stands in the owner, whatever its case."),
             {"gone", "Also owners whose keys have all gone.", {"yes", "no"}},
             {"sort", "The order; with - backwards. Without it -keys.",
              orders({"keys", "-keys", "owner", "-owner", "last_used", "-last_used"})},
             limit(),
             cursor(),
             format()},
            list_answers<OwnerPage>("A page of owners.")};
}

std::vector<Parameter> of_a_decision() {
    return {{"preview", "Whether only to say what would change.", {"true", "false"}},
            {"X-Keyshift-Action", "Not a form of somebody else's page.", {"1"}, false, "header"}};
}

std::vector<Answer> answers_to_a_decision() {
    return {{200, "What would change, or was so already, or was undone.", document<ActionResult>()},
            {400, "It asks for something that there is not."},
            {401, "Nobody has logged in."},
            {403, "Decisions are not allowed, or a page of another site asks."},
            {404, "There is no such thing."},
            {409, "It does not fit what there is."},
            {413, "Too long."},
            {415, "Not application/json."},
            {421, "Under this host's name nothing is decided."},
            {503, "The key table or the state cannot be used now."}};
}

Path deciding(std::string_view path, std::string_view id, std::string_view what,
              std::vector<BodyMember> body) {
    Path out{path, id, what, of_a_decision(), answers_to_a_decision(), "post", std::move(body)};
    out.answers.insert(out.answers.begin() + 1, {201, "It was done.", document<ActionResult>()});
    return out;
}

Path undoing(std::string_view path, std::string_view id, std::string_view what, std::string_view of) {
    Path out{path, id, what, of_a_decision(), answers_to_a_decision(), "delete", {}};
    out.parameters.insert(out.parameters.begin(), {"id", of, {}, false, "path"});
    return out;
}

std::vector<Path> paths() {
    return {
        {"/api/v1/status",
         "status",
         "How far the migration is, whether anybody is locked out, and what is watched.",
         {},
         with_problems({{200, "The state of the migration.", document<Status>()}})},
        {"/api/v1/verdict",
         "verdict",
         "May the fallback be removed? Every check with its evidence.",
         {{"require", "Answer 412 unless the verdict is this.", {"SAFE"}}},
         with_problems({{200, "The verdict.", document<Verdict>()},
                        {412, "The verdict is not what was required.", document<Verdict>()}})},
        {"/api/v1/sources",
         "sources",
         "What is watched, and whether it answers.",
         {format()},
         list_answers<List<SourceReport>>("The sources.")},
        keys_path(),
        key_path(),
        owners_path(),
        {"/api/v1/history",
         "history",
         "How many legacy keys were left at which time, oldest first.",
         {since(), limit(), cursor(), format()},
         list_answers<List<HistoryPoint>>("A page of points.")},
        {"/api/v1/hours",
         "hours",
         "Fallback hits, failures by reason, and answers of the cache, in each hour with any of them, oldest "
         "first.",
         {format()},
         list_answers<List<Hour>>("All that is remembered: at least a month.")},
        {"/api/v1/events",
         "events",
         "What has changed, newest first: phases, replacements, deletions, new legacy keys, the fallback.",
         {since(), limit(), cursor(), format()},
         list_answers<List<Event>>("A page of events.")},
        {"/api/v1/failures",
         "failures",
         "Which clients fail to authenticate, and why, as logs tell: of the last 24 hours at most.",
         {since(),
          {"limit", "Clients that are listed at most, 1 to 100000; without it 100.", {}, true},
          format()},
         list_answers<FailureList>(
             "Clients, those with the most failures first; without sources nobody tells.")},
        {"/api/v1/pairs",
         "pairs",
         "What operators have said by keyshift pair.",
         {format()},
         list_answers<List<PairDecision>>("All of it.")},
        deciding("/api/v1/pairs", "pair", "Says that one key replaces another, as keyshift pair does.",
                 {{"legacy", "The legacy key's id.", true},
                  {"modern", "The id of the modern key that replaces it.", true},
                  {"note", "Why; kept in the daemon's log."},
                  {"force", "Also where there are doubts.", false, true}}),
        undoing("/api/v1/pairs/{id}", "unpair", "Undoes what was said of a legacy key.",
                "The legacy key's id."),
        {"/api/v1/acks",
         "acks",
         "What operators have said by keyshift ack.",
         {format()},
         list_answers<List<AckDecision>>("All of it.")},
        deciding("/api/v1/acks", "acknowledge",
                 "Says that a key which nobody seems to use has been looked into, as keyshift ack does.",
                 {{"key", "The legacy key's id.", true}, {"note", "Why."}}),
        undoing("/api/v1/acks/{id}", "unacknowledge", "Undoes what was said of a legacy key.",
                "The legacy key's id."),
        {"/api/v1/marks",
         "marks",
         "What operators have said by keyshift mark, and who failed since that did not before.",
         {format()},
         list_answers<List<Mark>>("All of it.")},
        deciding("/api/v1/marks", "mark",
                 "Says what has happened to the fallback just now, as keyshift mark does.",
                 {{"kind", "What has happened.", true, false, {"brownout-begin", "brownout-end", "cutover"}},
                  {"note", "Why."}}),
        undoing("/api/v1/marks/{id}", "unmark", "Takes back the last mark.", "Its number.")};
}

void write_parameter(JsonWriter& json, const Parameter& parameter) {
    json.begin_object();
    json.key("name").value(parameter.name);
    json.key("in").value(parameter.in);
    json.key("description").value(parameter.what);
    if (parameter.in != "query") json.key("required").value(true);
    json.key("schema").begin_object();
    json.key("type").value(parameter.is_number ? "integer" : "string");
    if (parameter.is_number) json.key("minimum").value(1).key("maximum").value(1000);
    if (!parameter.values.empty()) {
        json.key("enum").begin_array();
        for (const std::string_view value : parameter.values) json.value(value);
        json.end_array();
    }
    json.end_object();
    json.end_object();
}

void write_content(JsonWriter& json, const Answer& answer) {
    const auto begin = [&](std::string_view type) { json.key(type).begin_object().key("schema"); };
    json.key("content").begin_object();
    if (!answer.schema) {
        begin("application/problem+json");
        json.begin_object().key("$ref").value("#/components/schemas/Problem").end_object();
        json.end_object();
    } else {
        begin("application/json");
        answer.schema(json);
        json.end_object();
    }
    if (answer.csv) {
        begin("text/csv");
        json.begin_object().key("type").value("string").end_object();
        json.end_object();
    }
    json.end_object();
}

void write_body(JsonWriter& json, const std::vector<BodyMember>& members) {
    json.key("requestBody").begin_object().key("required").value(true);
    json.key("content").begin_object().key("application/json").begin_object().key("schema").begin_object();
    json.key("type").value("object").key("additionalProperties").value(false);
    json.key("required").begin_array();
    for (const BodyMember& member : members)
        if (member.required) json.value(member.name);
    json.end_array();
    json.key("properties").begin_object();
    for (const BodyMember& member : members) {
        json.key(member.name).begin_object().key("description").value(member.what);
        json.key("type").value(member.is_flag ? "boolean" : "string");
        if (!member.values.empty()) {
            json.key("enum").begin_array();
            for (const std::string_view value : member.values) json.value(value);
            json.end_array();
        }
        json.end_object();
    }
    json.end_object().end_object().end_object().end_object().end_object();
}

void write_operation(JsonWriter& json, const Path& path) {
    json.key(path.method).begin_object();
    json.key("operationId").value(path.id);
    json.key("summary").value(path.what);
    if (path.method != "get") {
        json.key("security").begin_array().begin_object();
        json.key("login").begin_array().end_array();
        json.end_object().end_array();
    }
    json.key("parameters").begin_array();
    for (const Parameter& parameter : path.parameters) write_parameter(json, parameter);
    json.end_array();
    if (!path.body.empty()) write_body(json, path.body);
    json.key("responses").begin_object();
    for (const Answer& answer : path.answers) {
        json.key(std::to_string(answer.status)).begin_object();
        json.key("description").value(answer.what);
        if (answer.status != 304) write_content(json, answer);
        json.end_object();
    }
    json.end_object();
    json.end_object();
}

/// Those of the same path stand together.
void write_paths(JsonWriter& json, const std::vector<Path>& all) {
    std::string_view open;
    for (const Path& path : all) {
        if (path.path != open) {
            if (!open.empty()) json.end_object();
            json.key(path.path).begin_object();
            open = path.path;
        }
        write_operation(json, path);
    }
    json.end_object();
}

void write_problem(JsonWriter& json) {
    json.key("components").begin_object();
    json.key("securitySchemes").begin_object().key("login").begin_object();
    json.key("type").value("http").key("scheme").value("basic");
    json.end_object().end_object();
    json.key("schemas").begin_object().key("Problem").begin_object();
    json.key("description").value("RFC 9457");
    json.key("type").value("object");
    json.key("required")
        .begin_array()
        .value("type")
        .value("title")
        .value("status")
        .value("detail")
        .end_array();
    json.key("properties").begin_object();
    for (const char* name : {"type", "title", "detail"})
        json.key(name).begin_object().key("type").value("string").end_object();
    json.key("status").begin_object().key("type").value("integer").end_object();
    json.end_object().end_object().end_object().end_object();
}

}  // namespace

std::string openapi(std::string_view server) {
    JsonWriter json;
    json.begin_object();
    json.key("openapi").value("3.1.0");
    json.key("info").begin_object();
    json.key("title").value("keyshift");
    json.key("summary").value("The migration of API keys from slow bcrypt fallback to hashed lookup");
    json.key("version").value("1");
    json.key("license").begin_object();
    json.key("name").value("Apache 2.0").key("identifier").value("Apache-2.0");
    json.end_object();
    json.end_object();
    json.key("servers")
        .begin_array()
        .begin_object()
        .key("url")
        .value(server.empty() ? "/" : server)
        .end_object()
        .end_array();
    // Who may ask is a matter of where from: web.inventory.
    json.key("security").begin_array().end_array();
    json.key("paths").begin_object();
    write_paths(json, paths());
    json.end_object();
    write_problem(json);
    json.end_object();
    return json.take() + "\n";
}

}  // namespace keyshift::api
