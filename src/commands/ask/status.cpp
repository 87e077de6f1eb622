// SPDX-License-Identifier: Apache-2.0
// keyshift status: how far the migration is, on one screen, once or again and again.
#include "api/status.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>

#include <unistd.h>

#include "base/exit_code.hpp"
#include "commands/ask/status_screen.hpp"
#include "commands/commands.hpp"
#include "commands/shared/judged_document.hpp"
#include "commands/shared/terminal.hpp"

namespace keyshift::commands {
namespace {

constexpr Resource<api::Status> kStatus{"/api/v1/status", api::decode_status, api::status};

std::string as_text(const StatusCommand& command, const api::Status& status) {
    if (command.json) return encode(status);
    return status_screen(status, terminal_width(), command.verbose ? Detail::all : Detail::fits, Terminal());
}

/// False when nobody reads it any more.
bool print(const std::string& text) {
    return std::fputs(text.c_str(), stdout) != EOF && std::fflush(stdout) == 0;
}

int show_once(const StatusCommand& command, const Asker& asker) {
    const auto [status, unread] = obtain(asker, kStatus);
    print_differences(status);
    if (!unread) return print(as_text(command, status)), base::kOk;
    if (!command.json) print(as_text(command, status));
    print_error({unread->code, *status.answer.reason, {}});
    return print_error(*unread), base::exit_code(*unread);
}

/// SIGINT and SIGTERM end the program while it asks, at once, and wait while it writes.
class EndSignals {
 public:
    EndSignals() {
        ::sigemptyset(&signals_);
        for (const int signal : {SIGINT, SIGTERM}) {
            ::sigaddset(&signals_, signal);
            std::signal(signal, [](int) { ::_exit(base::kOk); });
        }
    }
    void hold() { ::sigprocmask(SIG_BLOCK, &signals_, nullptr); }
    void let_go() { ::sigprocmask(SIG_UNBLOCK, &signals_, nullptr); }
    /// True when one has come within this time. They are held.
    bool wait(base::Duration time) const {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
        const std::chrono::nanoseconds rest = time - seconds;
        const timespec left{static_cast<std::time_t>(seconds.count()), static_cast<long>(rest.count())};
        return ::sigtimedwait(&signals_, nullptr, &left) > 0;
    }

 private:
    sigset_t signals_{};
};

/// On a terminal each screen takes the place of the one before.
int show_again_and_again(const StatusCommand& command, const Asker& asker) {
    constexpr const char* kClear = "\x1b[H\x1b[2J";
    const bool in_place = ::isatty(STDOUT_FILENO) == 1 && !command.json;
    EndSignals signals;
    for (bool first = true;; first = false) {
        const auto obtained = obtain(asker, kStatus);
        signals.hold();
        const std::string before = in_place ? kClear : first || command.json ? "" : "\n";
        if (!print(before + as_text(command, obtained.document)) || signals.wait(command.interval))
            return base::kOk;
        signals.let_go();
    }
}

}  // namespace

int run_status(const StatusCommand& command) {
    const auto asker = Asker::from(command.config);
    if (!asker) return base::kConfig;
    return command.watch ? show_again_and_again(command, *asker) : show_once(command, *asker);
}

int run_status_of_daemon(const std::string& otherwise) {
    const auto asker = Asker::from(std::nullopt);
    std::optional<base::Error> unasked;
    if (asker) {
        const auto answer = ask_daemon(asker->directories, kStatus.target);
        if (answer) return show_once({}, *asker);
        unasked = answer.error();
    }
    std::fputs(otherwise.c_str(), stderr);
    // One that runs, and is not to be asked.
    if (unasked && unasked->code != base::Errc::connect) print_error(*unasked);
    return base::kUsage;
}

}  // namespace keyshift::commands
