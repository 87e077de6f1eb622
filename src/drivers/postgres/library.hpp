// SPDX-License-Identifier: Apache-2.0
// libpqxx 6.4 (Debian 12) and 7.10 (Debian 13) as one: what differs between them stands in this file's source
// and nowhere else. Blocking; used by the thread of its connection. Errors are libpqxx's exceptions.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct pg_conn;
namespace pqxx {
class result;
class transaction_base;
}  // namespace pqxx

namespace keyshift::drivers {

/// libpqxx on a connection that is made already.
class PostgresLibrary {
 public:
    /// `connection` outlives this; it is neither closed nor ever made again by it.
    explicit PostgresLibrary(pg_conn* connection);
    ~PostgresLibrary();
    PostgresLibrary(const PostgresLibrary&) = delete;
    PostgresLibrary& operator=(const PostgresLibrary&) = delete;

    /// What statements run in, one at a time. It sends none of its own: the text that begins a transaction is
    /// keyshift's, since 6.4 has no way to say that of PostgresTransaction in one statement.
    std::unique_ptr<pqxx::transaction_base> work();
    /// One statement, by the extended protocol.
    static pqxx::result query(pqxx::transaction_base& work, const std::string& sql,
                              const std::vector<std::string>& parameters);

 private:
    class Connection;
    std::unique_ptr<Connection> connection_;
};

}  // namespace keyshift::drivers
