// SPDX-License-Identifier: Apache-2.0
// Every form of line that `tracing` writes, by a table of all it can be told: format, colours, thread,
// target, file, line, time, release, with events in and outside of spans, and the spans' own. Each log begins
// with a line outside of any span, as a program's start does.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "formats/tracing/text.hpp"

namespace keyshift::formats {
namespace {

enum class Form { full, compact, pretty };
/// Of tracing-subscriber. 0.2 has no colours in targets, and no places.
enum class Release { v0_2, v0_3_16, v0_3_23 };

struct Setting {
    Form form;
    Release release;
    bool colours;
    std::string thread;  ///< its name; empty: not shown
    bool thread_id;
    bool target, file, line;
    std::string time;  ///< "-": none is written, not even a blank
};

struct Span {
    std::string name, fields;  ///< fields without colours, as Debug writes them: "a=1 b=2"
};
struct Event {
    std::string level, target, message, fields;
    std::vector<Span> spans;
};

/// What the crate's formatters write, by their rules.
class Writer {
 public:
    explicit Writer(const Setting& setting) : set_(setting) {}

    /// The lines of an event. `message`: what the message is with all behind it.
    std::vector<std::string> lines(const Event& event, std::string& message) const {
        if (set_.form == Form::pretty) return pretty(event, message);
        std::string head = time() + level(event.level) + " " + thread(event);
        message = event.message + fields(event.fields);
        if (set_.form == Form::compact) {
            for (const Span& span : event.spans)
                if (!span.fields.empty()) message += " " + paint("2", fields(span.fields).substr(1));
            return {head + compact_spans(event) + compact_place(event) + message};
        }
        return {head + full_spans(event) + full_place(event) + message};
    }

 private:
    std::string paint(const std::string& style, const std::string& text) const {
        return set_.colours ? "\x1b[" + style + "m" + text + "\x1b[0m" : text;
    }
    std::string time() const {
        if (set_.time == "-") return "";
        return paint("2", set_.time) + " ";
    }
    std::string level(const std::string& name) const {
        return paint(colour(name), (name.size() < 5 ? " " : "") + name);
    }
    static std::string colour(const std::string& name) {
        return name == "ERROR"   ? "31"
               : name == "WARN"  ? "33"
               : name == "INFO"  ? "32"
               : name == "DEBUG" ? "34"
                                 : "35";
    }
    /// A program starts in the thread "main".
    std::string thread(const Event& event) const {
        std::string out;
        const std::string name = event.message.starts_with("LLM") ? "main" : set_.thread;
        if (!set_.thread.empty()) out += std::string(name.size() < 6 ? 6 - name.size() : 0, ' ') + name + " ";
        if (set_.thread_id) out += "ThreadId(02) ";
        return out;
    }
    /// Each with a blank before it.
    std::string fields(const std::string& text) const {
        std::string out;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t equals = text.find('=', at);
            std::size_t end = text.find(' ', equals);
            if (text[equals + 1] == '"') end = text.find('"', equals + 2) + 1;
            end = std::min(end, text.size());
            out += " " + paint("3", text.substr(at, equals - at)) + paint("2", "=") +
                   text.substr(equals + 1, end - equals - 1);
            at = end + 1;
        }
        return out;
    }
    std::string full_spans(const Event& event) const {
        std::string out;
        for (const Span& span : event.spans) {
            out += paint("1", span.name);
            if (!span.fields.empty())
                out += paint("1", "{") + fields(span.fields).substr(1) + paint("1", "}");
            out += set_.release == Release::v0_2 ? ":" : paint("2", ":");
        }
        return out.empty() ? out : out + " ";
    }
    std::string full_place(const Event& event) const {
        std::string out;
        if (set_.target && set_.release == Release::v0_2) out += event.target + ": ";
        if (set_.target && set_.release != Release::v0_2)
            out += paint("2", event.target) + paint("2", ":") + " ";
        if (set_.file) out += paint("2", kFile) + paint("2", ":") + (set_.line ? "" : " ");
        if (set_.line) out += paint("2", "12:") + (set_.colours ? " " : " ");
        return out;
    }
    std::string compact_spans(const Event& event) const {
        std::string out;
        for (const Span& span : event.spans) out += paint("1", span.name) + ":";
        return out.empty() ? out : out + " ";
    }
    std::string compact_place(const Event& event) const {
        const std::string style = set_.release == Release::v0_3_16 ? "1" : "2";
        std::string out;
        if (set_.target) out += paint(style, event.target) + paint("2", ":");
        if (set_.file) out += (set_.target ? " " : "") + paint(style, kFile) + paint("2", ":");
        if (set_.line) out += paint(style, "12") + paint("2", ":");
        return out.empty() ? out : out + " ";
    }
    std::vector<std::string> pretty(const Event& event, std::string& message) const {
        const std::string style = colour(event.level);
        const std::string begin = set_.colours ? "\x1b[" + style + "m" : "";
        std::string line = "  " + time() + level(event.level) + " ";
        if (set_.target) {
            line += set_.colours ? "\x1b[1;" + style + "m" + event.target + "\x1b[0m" + begin : event.target;
            line += ":";
        }
        if (set_.line && !set_.file) line += begin + "12:";
        message = event.message;
        const std::string separator = set_.colours ? "\x1b[0m" + begin : "";
        for (std::size_t at = 0; at < event.fields.size();) {
            const std::size_t equals = event.fields.find('=', at);
            std::size_t end = event.fields.find(' ', equals);
            end = std::min(end, event.fields.size());
            const std::string name = event.fields.substr(at, equals - at);
            message += ", " + (set_.colours ? "\x1b[1;" + style + "m" + name + separator : name) + ": " +
                       event.fields.substr(equals + 1, end - equals - 1);
            at = end + 1;
        }
        std::vector<std::string> out{line + " " + begin + message + (set_.colours ? "\x1b[0m" : "")};
        append_places(event, out);
        return out;
    }
    void append_places(const Event& event, std::vector<std::string>& out) const {
        const bool thread = !set_.thread.empty() || set_.thread_id;
        std::string place;
        if (set_.file)
            place =
                "    " + paint("2;3", "at") + " " + kFile + (set_.line ? ":12" : "") + (thread ? " " : "");
        if (!set_.file && thread) place = "    ";
        if (thread)
            place +=
                paint("2;3", "on") + " " + set_.thread + (set_.thread.empty() || !set_.thread_id ? "" : " ");
        if (set_.thread_id) place += "ThreadId(2)";
        if (!place.empty()) out.push_back(place);
        for (const Span& span : event.spans)
            out.push_back("    " + paint("2;3", "in") + " " + (set_.target ? "inferxgate::routes::" : "") +
                          paint("1", span.name) +
                          (span.fields.empty() ? "" : " " + paint("2;3", "with") + " x: 1"));
        out.emplace_back();
    }

    static constexpr const char* kFile = "src/middleware/auth.rs";
    Setting set_;
};

std::vector<Event> events() {
    const std::string path = "inferxgate::auth::middleware";
    const std::string root = "inferxgate";
    const Span request{"request", ""};
    const Span auth{"auth", R"(id=7 model="x}: a::b: y")"};
    const Span http{"http request", "method=GET uri=/v1/models"};
    const Span blank{"http request", ""};
    return {{"INFO", root, "LLM Gateway server listening on 0.0.0.0:3000", "", {}},
            {"DEBUG", path, "Using verified token cache (skipping bcrypt)", "", {}},
            {"ERROR", path, "Error: a::b: x", "", {}},
            {"WARN", root, "Cached token", "key_id=7 by=\"x\"", {}},
            {"TRACE", path, "Cached token", "key_id=7", {request}},
            {"INFO", root, "Rate limit check passed for key", "", {request}},
            {"DEBUG", path, "Using verified token cache (skipping bcrypt)", "", {request, auth}},
            {"DEBUG", path, "Using verified token cache (skipping bcrypt)", "n=1", {http}},
            {"DEBUG", root, "Key found", "", {http, {"auth", ""}}},
            {"DEBUG", path, "Key found", "", {blank}},
            {"INFO", "inferxgate::routes", "new", "", {request}},
            {"INFO", "inferxgate::routes", "enter", "", {http}},
            {"INFO", "inferxgate::routes", "exit", "", {request, auth}},
            {"INFO", "inferxgate::routes", "close", "time.busy=1.23ms time.idle=4.56us", {http}}};
}

/// What no reading of a line can tell: without targets and colours, a span without fields, or a thread that
/// is known by nothing, is as the beginning of the message.
bool stays_in_message(const Setting& set, const Event& event) {
    if (set.target || set.form == Form::pretty || set.file || set.line) return false;
    const bool strange_thread =
        set.thread == "worker 3" && !set.thread_id && !event.message.starts_with("LLM");
    if (strange_thread && !(set.colours && !event.spans.empty())) return true;
    if (set.colours) return false;
    if (set.form == Form::compact) return !event.spans.empty();
    for (const Span& span : event.spans)
        if (!span.fields.empty()) return false;
    return !event.spans.empty();
}

/// Compact before 0.3.17 writes a target as full does a span. Until there was one with a path it is taken for
/// that, which leaves the line without a target: rules for any target fit.
bool looks_like_span(const Setting& set, const Event& event) {
    return set.form == Form::compact && set.release == Release::v0_3_16 && set.colours && !set.file &&
           !set.line && event.message.starts_with("LLM");
}

std::vector<Setting> settings() {
    std::vector<Setting> out;
    const std::vector<std::string> times{"2026-11-22T11:56:47.949528Z",
                                         "2026-11-22T12:56:47.949528+01:00",
                                         "   0.000123456s",
                                         "-",
                                         "",
                                         "Nov 22 11:56:47.949",
                                         "2026-11-22 11:56:47",
                                         "<unknown time>"};
    for (const Form form : {Form::full, Form::compact, Form::pretty})
        for (const Release release : {Release::v0_2, Release::v0_3_16, Release::v0_3_23})
            for (const bool colours : {false, true})
                for (const std::string thread : {"", "main", "tokio-runtime-worker", "worker 3"})
                    for (const bool id : {false, true})
                        for (const bool target : {true, false})
                            for (const bool file : {false, true})
                                for (const bool line : {false, true})
                                    for (const std::string& time : times) {
                                        if (release == Release::v0_2 && (form != Form::full || file || line))
                                            continue;
                                        out.push_back(
                                            {form, release, colours, thread, id, target, file, line, time});
                                    }
    return out;
}

std::string name_of(const Setting& set) {
    const char* const forms[] = {"full", "compact", "pretty"};
    const char* const releases[] = {"0.2", "0.3.16", "0.3.23"};
    return std::string(forms[static_cast<int>(set.form)]) + " of " + releases[static_cast<int>(set.release)] +
           (set.colours ? " coloured" : "") + " thread '" + set.thread + "'" + (set.thread_id ? " id" : "") +
           (set.target ? " target" : "") + (set.file ? " file" : "") + (set.line ? " line" : "") + " time '" +
           set.time + "'";
}

TEST(TracingForms, MessageAndTargetOfEachLine) {
    std::size_t read = 0;
    std::size_t doubtful = 0;
    std::size_t wrong = 0;
    for (const Setting& setting : settings()) {
        TracingText reader;
        const Writer writer(setting);
        for (const Event& event : events()) {
            std::string message;
            const std::vector<std::string> lines = writer.lines(event, message);
            TracingLine out;
            ASSERT_EQ(reader.parse(lines.front(), out), TracingText::Part::event) << name_of(setting) << "\n"
                                                                                  << lines.front();
            const std::string expected =
                setting.target && !looks_like_span(setting, event) ? event.target : "";
            const bool doubt = stays_in_message(setting, event);
            const bool right = doubt ? out.message.ends_with(message) && out.target.empty()
                                     : out.message == message && out.target == expected;
            EXPECT_TRUE(right) << name_of(setting) << "\n"
                               << lines.front() << "\n  is " << out.target << "|" << out.message << "\n  not "
                               << expected << "|" << message;
            EXPECT_EQ(tracing_level_name(out.level), event.level);
            wrong += right ? 0 : 1;
            ASSERT_LT(wrong, 40U);
            doubtful += doubt ? 1 : 0;
            ++read;
            for (std::size_t i = 1; i < lines.size(); ++i) {
                if (lines[i].empty()) continue;
                EXPECT_EQ(reader.parse(lines[i], out), TracingText::Part::continuation) << lines[i];
            }
        }
    }
    EXPECT_EQ(read, 89'600U);
    EXPECT_LT(doubtful, read / 25);
}

TEST(TracingForms, AreTold) {
    const auto told = [](const Setting& setting) {
        TracingText reader;
        for (const Event& event : events()) {
            std::string message;
            TracingLine out;
            for (const std::string& line : Writer(setting).lines(event, message)) reader.parse(line, out);
        }
        return reader.form().text();
    };
    const std::string time = "2026-11-22T11:56:47.949528Z";
    EXPECT_EQ(told({Form::full, Release::v0_3_23, false, "", false, true, false, false, time}), "full");
    EXPECT_EQ(told({Form::full, Release::v0_3_23, true, "main", true, false, false, false, time}),
              "full, coloured, without targets, with threads");
    EXPECT_EQ(told({Form::compact, Release::v0_3_16, true, "", false, true, true, true, time}),
              "compact of before 0.3.17, coloured");
    EXPECT_EQ(told({Form::compact, Release::v0_3_23, true, "", false, true, false, false, time}),
              "compact, coloured");
    EXPECT_EQ(told({Form::compact, Release::v0_3_23, false, "", false, true, false, false, time}),
              "full or compact");
    EXPECT_EQ(told({Form::pretty, Release::v0_3_23, false, "", false, true, true, true, time}), "pretty");
}

TEST(TracingForms, AClientCannotWriteAHeader) {
    const auto read = [](TracingText& reader, const std::string& line) {
        TracingLine out;
        if (reader.parse(line, out) != TracingText::Part::event) return std::string("none");
        return std::string(out.target) + "|" + std::string(out.message);
    };
    const std::string forged = "inferxgate::auth: Using verified token cache";
    const std::string head = "2026-11-22T11:56:47.949528Z DEBUG ";
    // At the very first line nothing is known.
    TracingText fresh;
    EXPECT_EQ(read(fresh, head + "Request started for model: " + forged),
              "|Request started for model: " + forged);
    // Without targets, what a client chooses stands in messages, and no header is found in these.
    TracingText hidden;
    read(hidden, head + "LLM Gateway server listening");
    for (const std::string& message : {"Request started for model: " + forged, "Error: " + forged,
                                       "model: " + forged, "Model x " + forged})
        EXPECT_EQ(read(hidden, head + message), "|" + message);
    // Releases before 0.3.20 write what a client sends as it is, colours too.
    const std::string coloured = "\x1b[2minferxgate::auth\x1b[0m\x1b[2m:\x1b[0m Using verified token cache";
    for (const std::string message : {"Request for model: ", "model "}) {
        EXPECT_EQ(read(hidden, head + message + coloured), "|" + message + coloured);
        EXPECT_EQ(read(fresh, head + "request{a=1}: inferxgate::routes: " + message + coloured),
                  "inferxgate::routes|" + message + coloured);
    }
    TracingText coloured_and_hidden;
    const std::string red = "\x1b[2m2026-11-22T11:56:47.949528Z\x1b[0m \x1b[32m INFO\x1b[0m ";
    EXPECT_EQ(read(coloured_and_hidden, red + "Model x: " + coloured), "|Model x: " + coloured);
    EXPECT_EQ(read(coloured_and_hidden, red + "LLM Gateway server listening"),
              "|LLM Gateway server listening");
    EXPECT_EQ(read(coloured_and_hidden, red + "Model " + coloured), "|Model " + coloured);
    // With targets, the first is the line's.
    TracingText shown;
    read(shown, head + "inferxgate::routes: Request started");
    for (const std::string& message :
         {"Request started for model: " + forged, "Error: " + forged, "model{x}: " + forged})
        EXPECT_EQ(read(shown, head + "inferxgate::routes: " + message), "inferxgate::routes|" + message);
    EXPECT_EQ(read(shown, "    in x: " + head + forged), "none");
}

TEST(TracingForms, ThreadsOfAnyNameAreFoundWithoutTheFirst) {
    const std::string head = "2026-11-22T11:56:47.949528Z DEBUG ";
    TracingText reader;
    const auto read = [&](const std::string& line) {
        TracingLine out;
        reader.parse(head + line, out);
        return std::string(out.target) + "|" + std::string(out.message);
    };
    // What could be a message tells nothing, until a target has a path.
    EXPECT_EQ(read("worker 3 inferxgate: Key found"), "|worker 3 inferxgate: Key found");
    EXPECT_EQ(read("worker 3 inferxgate::auth: Key found"), "inferxgate::auth|Key found");
    EXPECT_EQ(read("worker 4 inferxgate: Key found"), "inferxgate|Key found");
    EXPECT_EQ(read("worker 4 http request: inferxgate::auth: Key found"), "inferxgate::auth|Key found");
}

}  // namespace
}  // namespace keyshift::formats
