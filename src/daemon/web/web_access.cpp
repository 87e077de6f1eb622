// SPDX-License-Identifier: Apache-2.0
#include "daemon/web/web_access.hpp"

#include <algorithm>
#include <optional>

#include "base/log/log.hpp"

namespace keyshift::daemon {
namespace {

namespace log = base::log;
using config::Problem;
using http::Admission;
using http::Login;

constexpr int kUnauthorized = 401;
constexpr int kTooMany = 429;
constexpr int kUnavailable = 503;

Admission admission_of(Login::Found found) {
    Admission out;
    switch (found.word) {
        case Login::Word::welcome:
            out.user = std::move(found.user);
            break;
        case Login::Word::refused:
            out.refused = kUnauthorized;
            out.headers.emplace_back("WWW-Authenticate", "Basic");
            break;
        case Login::Word::busy:
            out.refused = kUnavailable;
            out.headers.emplace_back("Retry-After", "1");
            break;
    }
    return out;
}

/// The answer to one request, whichever comes first: it, or who wants it.
struct Asked {
    std::optional<Admission> found;
    std::function<void(Admission)> wanted;
};

std::string text_of(const std::vector<Problem>& problems) {
    std::string out;
    for (const Problem& problem : problems) out += problem.text() + "\n";
    return out;
}

void log_warnings(std::vector<Problem> warnings) {
    for (Problem& warning : warnings) {
        warning.severity = config::Severity::error;  // the line has a level of its own
        log::warn("the web configuration can be used, but", {{"what", warning.text()}});
    }
}

/// A server that began plain stays so, and one that began with TLS never sends a password in clear.
const char* const kOtherTls =
    "takes effect when keyshift is restarted: TLS is not turned on or off while it runs";

}  // namespace

std::unique_ptr<WebAccess> WebAccess::open(const boost::asio::any_io_executor& loop,
                                           std::filesystem::path file, NoteRead note,
                                           std::vector<Problem>& problems) {
    std::unique_ptr<WebAccess> access(new WebAccess(loop, std::move(file), std::move(note)));
    WebInputs inputs = read_web_inputs(access->file_, base::now());
    if (!inputs.problems.empty()) {
        problems = std::move(inputs.problems);
        return nullptr;
    }
    access->encrypts_ = inputs.context != nullptr;
    access->marks_ = access->marks_of(inputs.files);
    log_warnings(inputs.warnings);
    access->take(std::move(inputs));
    access->note_(true);
    return access;
}

WebAccess::WebAccess(const boost::asio::any_io_executor& loop, std::filesystem::path file, NoteRead note)
    : file_(std::move(file)), note_(std::move(note)), login_(loop) {}

std::shared_ptr<const http::TlsContext> WebAccess::tls() {
    if (has_changed(marks_.size())) read_again();
    return context_;
}

Admission WebAccess::admit(const http::Request& request) {
    if (has_changed(1)) read_again();
    Admission out;
    if (!limit_.allow(std::chrono::steady_clock::now())) {
        out.refused = kTooMany;
        return out;
    }
    if (!login_.has_users()) {
        out.user = request.user;
        return out;
    }
    const auto asked = std::make_shared<Asked>();
    login_.ask(request.authorization, std::string(request.peer), [asked](Login::Found found) {
        Admission admission = admission_of(std::move(found));
        if (asked->wanted) return asked->wanted(std::move(admission));
        asked->found = std::move(admission);
    });
    if (asked->found) return *std::move(asked->found);
    out.later = [asked](std::function<void(Admission)> done) {
        if (asked->found) return done(*std::move(asked->found));
        asked->wanted = std::move(done);
    };
    return out;
}

bool WebAccess::has_changed(std::size_t looked_at) const {
    if (!settled_) return true;
    return std::any_of(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(looked_at),
                       [](const auto& marked) { return FileMark::of(marked.first) != marked.second; });
}

WebAccess::Marks WebAccess::marks_of(const std::vector<std::filesystem::path>& files) const {
    Marks out{{file_, FileMark::of(file_)}};
    for (const auto& file : files) out.emplace_back(file, FileMark::of(file));
    return out;
}

void WebAccess::read_again() {
    // Of before it is read: what changes meanwhile is seen next time.
    std::vector<std::filesystem::path> files;
    for (const auto& [file, mark] : marks_) files.push_back(file);
    files.erase(files.begin());
    Marks before = marks_of(files);
    WebInputs inputs = read_web_inputs(file_, base::now());
    Marks now = marks_of(inputs.files);
    for (auto& [file, mark] : now) {
        const auto known = std::ranges::find(before, file, &Marks::value_type::first);
        if (known != before.end()) mark = known->second;
    }
    const bool same = now == marks_;
    marks_ = std::move(now);
    settled_ = std::ranges::none_of(marks_, [](const auto& marked) { return marked.second.is_fresh(); });
    if (inputs.problems.empty() && encrypts_ && !inputs.context)
        inputs.problems.push_back(
            {file_.native(), {}, "tls_server_config", "has gone, which " + std::string(kOtherTls), {}});
    if (!inputs.problems.empty()) {
        if (same && text_of(inputs.problems) == refused_) return;
        return refuse(inputs.problems);
    }
    if (!encrypts_ && inputs.context) {
        inputs.context.reset();
        inputs.warnings.push_back({file_.native(), {}, "tls_server_config", kOtherTls, {}});
    }
    const bool again = same && refused_.empty();
    if (!again) log_warnings(inputs.warnings);
    take(std::move(inputs));
    refused_.clear();
    if (again) return;
    log::info("web configuration read again", {{"file", file_.string()}});
    note_(true);
}

void WebAccess::refuse(const std::vector<Problem>& problems) {
    log::error("web configuration not taken over: the one before stays", {{"problems", problems.size()}});
    constexpr std::size_t kMost = 10;
    for (std::size_t i = 0; i < std::min(kMost, problems.size()); ++i)
        log::error("problem of the web configuration", {{"problem", problems[i].text()}});
    refused_ = text_of(problems);
    note_(false);
}

void WebAccess::take(WebInputs inputs) {
    context_ = std::move(inputs.context);
    headers_ = std::move(inputs.file.headers);
    login_.set_users(std::move(inputs.file.users));
    const config::WebRateLimit& limits = inputs.file.rate_limit;
    if (limits.burst == limits_.burst && limits.interval_nanoseconds == limits_.interval_nanoseconds) return;
    limits_ = limits;
    limit_ = http::RateLimit(std::chrono::nanoseconds(limits.interval_nanoseconds), limits.burst);
}

}  // namespace keyshift::daemon
