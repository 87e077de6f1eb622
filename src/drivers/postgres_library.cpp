// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres_library.hpp"

#include <libpq-events.h>
#include <pqxx/nontransaction>
#if PQXX_VERSION_MAJOR < 7
#include <pqxx/connectionpolicy>
#endif

namespace keyshift::drivers {

#if PQXX_VERSION_MAJOR >= 7
class PostgresLibrary::Connection : public pqxx::connection {
 public:
    explicit Connection(pg_conn* made) : pqxx::connection(seize_raw_connection(made)) {}
    ~Connection() { std::move(*this).release_raw_connection(); }
};

pqxx::result PostgresLibrary::run(pqxx::transaction_base& work, const std::string& sql) {
    return work.exec(sql);
}

pqxx::result PostgresLibrary::query(pqxx::transaction_base& work, const std::string& sql,
                                    const std::vector<std::string>& parameters) {
    pqxx::params values;
    for (const std::string& parameter : parameters) values.append(pqxx::zview(parameter));
    return work.exec(sql, values);
}
#else
class PostgresLibrary::Connection : private pqxx::connectionpolicy, public pqxx::connection_base {
 public:
    explicit Connection(pg_conn* made)
        : connectionpolicy(""), connection_base(static_cast<connectionpolicy&>(*this)), made_(made) {
        init();
    }
    ~Connection() { close(); }
    handle do_startconnect(handle) override { return made_; }
    handle do_completeconnect(handle) override { return made_; }
    handle do_dropconnect(handle) noexcept override { return nullptr; }
    handle do_disconnect(handle) noexcept override { return nullptr; }
    bool is_ready(handle) const noexcept override { return true; }

 private:
    handle made_;
};

pqxx::result PostgresLibrary::run(pqxx::transaction_base& work, const std::string& sql) {
    return work.exec(sql);
}

pqxx::result PostgresLibrary::query(pqxx::transaction_base& work, const std::string& sql,
                                    const std::vector<std::string>& parameters) {
    return work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
}
#endif

PostgresLibrary::PostgresLibrary(pg_conn* connection) : connection_(std::make_unique<Connection>(connection)) {}
PostgresLibrary::~PostgresLibrary() = default;

std::unique_ptr<pqxx::transaction_base> PostgresLibrary::work() {
    return std::make_unique<pqxx::nontransaction>(*connection_);
}

}  // namespace keyshift::drivers
