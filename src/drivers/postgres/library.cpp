// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/library.hpp"

#include <pqxx/nontransaction>
#if PQXX_VERSION_MAJOR < 7
#include <libpq-fe.h>
#include <pqxx/connectionpolicy>

// 6.x asks for the encoding before it owns a result, and leaks it (2.3 KB) when a lost connection gives no
// answer. The build makes it ask the second of these: every transaction sets UTF-8, number 6.
extern "C" int __real_PQclientEncoding(const PGconn*);                                    // NOLINT
extern "C" __attribute__((used)) int __wrap_PQclientEncoding(const PGconn* connection) {  // NOLINT
    return PQstatus(connection) == CONNECTION_OK ? __real_PQclientEncoding(connection) : 6;
}
#endif

namespace keyshift::drivers {
#if PQXX_VERSION_MAJOR >= 7
class PostgresLibrary::Connection : public pqxx::connection {
 public:
    explicit Connection(pg_conn* made) : connection(seize_raw_connection(made)) {}
    ~Connection() { std::move(*this).release_raw_connection(); }
};
#else
class PostgresLibrary::Connection : private pqxx::connectionpolicy, public pqxx::connection_base {
 public:
    explicit Connection(pg_conn* made)
        : connectionpolicy(""), connection_base(static_cast<connectionpolicy&>(*this)), made_(made) {
        init();
    }
    ~Connection() override { close(); }
    handle do_startconnect(handle) override { return made_; }
    handle do_completeconnect(handle) override { return made_; }
    handle do_dropconnect(handle) noexcept override { return nullptr; }
    handle do_disconnect(handle) noexcept override { return nullptr; }
    bool is_ready(handle) const noexcept override { return true; }

 private:
    handle made_;
};
#endif

PostgresLibrary::PostgresLibrary(pg_conn* connection)
    : connection_(std::make_unique<Connection>(connection)) {}
PostgresLibrary::~PostgresLibrary() = default;
std::unique_ptr<pqxx::transaction_base> PostgresLibrary::work() {
    return std::make_unique<pqxx::nontransaction>(*connection_);
}

pqxx::result PostgresLibrary::query(pqxx::transaction_base& work, const std::string& sql,
                                    const std::vector<std::string>& parameters) {
#if PQXX_VERSION_MAJOR >= 7
    pqxx::params values;
    for (const std::string& parameter : parameters) values.append(pqxx::zview(parameter));
    return work.exec(sql, values);
#else
    return work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
#endif
}
}  // namespace keyshift::drivers
