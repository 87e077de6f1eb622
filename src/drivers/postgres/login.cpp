// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/login.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <libpq-fe.h>
#include <poll.h>

#include "drivers/postgres/postgres.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using base::Error;
using base::Result;

/// A service file, which libpq reads by itself, must not say what would stay on a pooled connection.
bool only_says_where(PGconn* connection) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection),
                                                                               &PQconninfoFree);
    for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr;
         ++option) {
        if (is_of_the_session(option->keyword) && option->val != nullptr && *option->val != '\0')
            return false;
    }
    return true;
}

long long milliseconds(base::Duration d) {
    return std::chrono::ceil<std::chrono::milliseconds>(d).count();
}

/// One login at a time, of one target.
class Login {
 public:
    Login(const PostgresTarget& target, const Interrupt& interrupt)
        : target_(target), interrupt_(interrupt), connection_(nullptr, &PQfinish) {}

    /// To the hosts that `parameters` name, one after the other as libpq does it.
    Result<void> open(const PostgresParameters& parameters, Deadline deadline);
    /// The host of the last attempt.
    std::string host() const {
        const char* const host = connection_ ? PQhost(connection_.get()) : nullptr;
        return host != nullptr ? host : "";
    }
    PostgresConnection take() { return std::move(connection_); }

 private:
    Result<void> wait(int events, Deadline deadline) const;
    Error failed() const;

    const PostgresTarget& target_;
    const Interrupt& interrupt_;
    PostgresConnection connection_;
};

Error Login::failed() const {
    const char* const raw = connection_ ? PQerrorMessage(connection_.get()) : "out of memory";
    return error_at(target_, connection_.get(), read_login_message(raw));
}

Result<void> Login::wait(int events, Deadline deadline) const {
    const int socket = PQsocket(connection_.get());
    if (socket < 0) return failed();
    std::array<pollfd, 2> fds{
        {{socket, static_cast<short>(events), 0}, {interrupt_.descriptor(), POLLIN, 0}}};
    for (;;) {
        if (deadline.passed()) return late_at(target_);
        const auto left = std::min<long long>(milliseconds(deadline.left()), 3'600'000);
        const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        if (fds[1].revents != 0) return stopped();
        if (ready > 0) return {};
    }
}

Result<void> Login::open(const PostgresParameters& parameters, Deadline deadline) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.reveal().c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) return failed();
    if (!only_says_where(connection_.get())) {
        return Error{Errc::config,
                     "the service of database_url sets options, application_name, client_encoding or "
                     "replication, which would stay on the connections of a pooler",
                     "take them out of the service file; settings can stand in database_url: options=-c "
                     "name=value"};
    }
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
         next = PQconnectPoll(connection_.get())) {
        if (next == PGRES_POLLING_FAILED) return failed();
        if (auto waited = wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline); !waited)
            return waited.error();
    }
    return {};
}

}  // namespace

Result<PostgresConnection> log_in(const PostgresTarget& target, Deadline deadline,
                                  const Interrupt& interrupt) {
    Login login(target, interrupt);
    PostgresParameters parameters = target.parameters;
    for (std::size_t left = host_count(parameters);; --left) {
        const auto share = deadline.left() / static_cast<std::int64_t>(std::max<std::size_t>(left, 1));
        auto opened = login.open(parameters, deadline.at_most(share));
        if (opened) return login.take();
        // libpq goes from host to host by itself when one refuses; one that is silent has to be taken off its
        // list.
        if (opened.error().code != Errc::timeout || left <= 1 || deadline.passed()) return opened.error();
        parameters = without_host(parameters, host_index(parameters, login.host()));
    }
}

Error error_at(const PostgresTarget& target, const pg_conn* connection, PostgresMessage message) {
    target.password.hide_in(message.text);
    const char* const user = connection != nullptr ? PQuser(connection) : nullptr;
    Error error =
        postgres_error(message.sqlstate, target.printable, message.text, user != nullptr ? user : "");
    if (target.is_of_java && target.password.empty() && error.code == Errc::auth) {
        error.hint =
            "the password that the gateway has beside its jdbc: URL belongs into database_url, "
            "percent-encoded: &password=...";
    }
    return error;
}

Error late_at(const PostgresTarget& target) {
    Error late = postgres_error("57014", target.printable, {});
    late.what = "PostgreSQL at " + target.printable + " did not answer in time";
    return late;
}

Error stopped() {
    return {Errc::canceled, "stopped", {}};
}

}  // namespace keyshift::drivers
