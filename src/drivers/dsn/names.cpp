// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/names.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

using Name = ConnectionName;

constexpr std::pair<std::string_view, Name> kApplied[] = {
    {"schema", Name::schema},                 // Prisma, TypeORM
    {"currentschema", Name::schemas},         // pgjdbc
    {"searchpath", Name::schemas},            // pgx, lib/pq, asyncpg
    {"schemasearchpath", Name::schemas},      // Rails
    {"username", Name::user},                 // R2DBC, Npgsql
    {"database", Name::database},             // R2DBC, asyncpg
    {"ssl", Name::tls},                       // node-postgres, asyncpg, pgjdbc, Ecto
    {"sslmode", Name::tls_mode},              // sqlx: ssl-mode, R2DBC: sslMode
    {"sslaccept", Name::tls_verification},    // Prisma
    {"sslfactory", Name::tls_factory},        // pgjdbc
    {"targetservertype", Name::server_type},  // pgjdbc
    {"sslca", Name::tls_authority},           // sqlx: ssl-ca
};

constexpr std::string_view kRefused[] = {
    "sslidentity",          // Prisma: a PKCS#12 file
    "sslinline",            // lib/pq: certificates in place of their files
    "sslhostnameverifier",  // pgjdbc, and the five below
    "sslfactoryarg",
    "sslpasswordcallback",
    "socketfactory",
    "socketfactoryarg",
    "authenticationpluginclassname",
    "trustservercertificate",  // Npgsql
    "directtls",               // asyncpg
    "unixsock",                // pg8000
};

constexpr std::string_view kOfClients[] = {
    // Prisma
    "pgbouncer",
    "connectionlimit",
    "pooltimeout",
    "sockettimeout",
    "statementcachesize",
    "maxconnectionlifetime",
    "maxidleconnectionlifetime",
    "singleuseconnections",
    // sqlx, tokio-postgres, deadpool
    "statementcachecapacity",
    "keepalivesretries",
    "maxsize",
    // pgx
    "poolmaxconns",
    "poolminconns",
    "poolminidleconns",
    "poolmaxconnlifetime",
    "poolmaxconnlifetimejitter",
    "poolmaxconnidletime",
    "poolhealthcheckperiod",
    "defaultqueryexecmode",
    "descriptioncachecapacity",
    "statementcachemode",
    "prefersimpleprotocol",
    "minreadbuffersize",
    // lib/pq
    "binaryparameters",
    "disablepreparedbinaryresult",
    // SQLAlchemy, asyncpg
    "preparedstatementcachesize",
    "preparedstatementnamefunc",
    "commandtimeout",
    "timeout",
    "maxcachedstatementlifetime",
    "maxcacheablestatementsize",
    "asyncfallback",
    "poolsize",
    "maxoverflow",
    "poolrecycle",
    "poolpreping",
    "pooluselifo",
    "echo",
    "executemanymode",
    // Django
    "connmaxage",
    "connhealthchecks",
    "disableserversidecursors",
    "atomicrequests",
    "autocommit",
    // Rails
    "pool",
    "checkouttimeout",
    "reapingfrequency",
    "idletimeout",
    "preparedstatements",
    "advisorylocks",
    "encoding",
    "minmessages",
    "statementlimit",
    "insertreturning",
    "maxconnections",
    "minconnections",
    "connectionretries",
    "retrydeadline",
    // Doctrine
    "charset",
    "serverversion",
    // Ecto
    "queuetarget",
    "queueinterval",
    // node-postgres, postgres.js, Sequelize
    "max",
    "min",
    "connectiontimeoutmillis",
    "idletimeoutmillis",
    "querytimeout",
    "keepalive",
    "keepaliveinitialdelaymillis",
    "uselibpqcompat",
    "prepare",
    "maxlifetime",
    "maxuses",
    "allowexitonidle",
    // what hosts add for their own clients
    "workaround",
    "supa",
    // pgjdbc
    "preparethreshold",
    "preparedstatementcachequeries",
    "preparedstatementcachesizemib",
    "defaultrowfetchsize",
    "rewritebatchedinserts",
    "tcpkeepalive",
    "tcpnodelay",
    "logintimeout",
    "cancelsignaltimeout",
    "stringtype",
    "binarytransfer",
    "binarytransferenable",
    "binarytransferdisable",
    "assumeminserverversion",
    "autosave",
    "cleanupsavepoints",
    "loadbalancehosts",
    "hostrecheckseconds",
    "readonly",
    "readonlymode",
    "logunclosedconnections",
    "loggerlevel",
    "loggerfile",
    "logservererrordetail",
    "protocolversion",
    "databasemetadatacachefields",
    "databasemetadatacachefieldsmib",
    "escapesyntaxcallmode",
    "unknownlength",
    "gssresponsetimeout",
    "sslresponsetimeout",
    "quotereturningidentifiers",
    "disablecolumnsanitiser",
    "adaptivefetch",
    "adaptivefetchminimum",
    "adaptivefetchmaximum",
    "preferquerymode",
    "allowencodingchanges",
    "receivebuffersize",
    "sendbuffersize",
    "maxsendbuffersize",
    "maxresultbuffer",
    "hideunprivilegedobjects",
    "groupstartupparameters",
    "xmlfactoryfactory",
    "assumeversion",
    // R2DBC
    "fetchsize",
    "initialsize",
    "autodetectextensions",
    "forcebinary",
    // settings of the server that some clients take by name; keyshift has its own
    "statementtimeout",
    "locktimeout",
    "idleintransactionsessiontimeout",
    "timezone",
    "datestyle",
    "intervalstyle",
    "extrafloatdigits",
    "jit",
    "plancachemode",
    "defaulttransactionreadonly",
    "defaulttransactionisolation",
    "workmem",
    "clientminmessages",
    "byteaoutput",
    "synchronouscommit",
    "standardconformingstrings",
    "geqo",
};

}  // namespace

std::string plain_name(std::string_view name) {
    std::string out;
    for (const char c : name)
        if (c != '-' && c != '_') out += base::lower(c);
    return out;
}

ConnectionName meaning_of(std::string_view plain) {
    const auto* const applied = std::find_if(std::begin(kApplied), std::end(kApplied),
                                             [&](const auto& one) { return one.first == plain; });
    if (applied != std::end(kApplied)) return applied->second;
    if (is_one_of(kRefused, plain)) return Name::refused;
    return is_one_of(kOfClients, plain) ? Name::of_client : Name::unknown;
}

}  // namespace keyshift::drivers
