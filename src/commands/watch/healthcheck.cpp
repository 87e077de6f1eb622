// SPDX-License-Identifier: Apache-2.0
// keyshift healthcheck: whether the daemon lives, in a second.
#include <cstdio>

#include "base/exit_code.hpp"
#include "commands/commands.hpp"
#include "commands/shared/asking.hpp"
#include "commands/shared/configuration.hpp"
#include "drivers/http_client/client.hpp"

namespace keyshift::commands {
namespace {

constexpr base::Duration kSupervisorsPatience = std::chrono::seconds{1};
constexpr const char* kTarget = "/-/healthy";

base::Result<void> check_url(const std::string& text) {
    drivers::HttpRequest request;
    auto url = drivers::HttpUrl::parse(text);
    if (!url) return base::Error{base::Errc::usage, "the URL " + url.error().what, url.error().hint};
    request.url = *std::move(url);
    if (request.url.target == "/") {
        request.url.target = kTarget;
        request.url.printable += request.url.printable.back() == '/' ? kTarget + 1 : kTarget;
    }
    const drivers::Interrupt interrupt;
    const auto answer =
        drivers::HttpClient(interrupt).send(request, {}, base::Deadline::in(kSupervisorsPatience));
    if (!answer) return answer.error();
    if (answer->status == 200) return {};
    return base::Error{base::Errc::other,
                       request.printable() + " answers " + std::to_string(answer->status) + ", not 200",
                       "it may not be keyshift's: compare web.listen"};
}

}  // namespace

int run_healthcheck(const HealthcheckCommand& command) {
    base::Result<void> healthy;
    if (!command.url.empty()) {
        healthy = check_url(command.url);
    } else {
        const auto asker = Asker::from(command.config);
        if (!asker) return base::kConfig;
        if (const auto answer = ask_daemon(asker->directories, kTarget, kSupervisorsPatience); !answer)
            healthy = answer.error();
    }
    if (healthy) return std::puts("keyshift is healthy."), base::kOk;
    print_error(healthy.error());
    return healthy.error().code == base::Errc::usage ? base::kUsage : base::kUnavailable;
}

}  // namespace keyshift::commands
