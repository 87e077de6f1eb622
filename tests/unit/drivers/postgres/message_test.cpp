// SPDX-License-Identifier: Apache-2.0
#include "drivers/postgres/message.hpp"

#include <gtest/gtest.h>

namespace keyshift::drivers {
namespace {

TEST(StatementMessage, IsTheFirstLineAndItsSqlstate) {
    const auto message = read_statement_message(
        "ERROR:  42P01: relation \"keys\" does not exist\nLINE 1: SELECT 1 FROM keys\n"
        "LOCATION:  parserOpenTable, parse_relation.c:1384\n");
    EXPECT_EQ(message.sqlstate, "42P01");
    EXPECT_EQ(message.text, "relation \"keys\" does not exist");
}

TEST(StatementMessage, IsReadInEveryLanguage) {
    for (const char* const severity : {"ERREUR", "FEHLER", "ОШИБКА", "エラー", "ÖLÜMCÜL (FATAL)"}) {
        const auto message =
            read_statement_message(std::string(severity) + ":  42501: droit refusé\nLIEU : x\n");
        EXPECT_EQ(message.sqlstate, "42501") << severity;
        EXPECT_EQ(message.text, "droit refusé") << severity;
    }
}

TEST(StatementMessage, DoesNotTakeWhatTheMessageQuotesForItsSqlstate) {
    const auto message =
        read_statement_message("ERROR:  22P02: invalid input: \"ERROR:  42501: a secret\"\n");
    EXPECT_EQ(message.sqlstate, "22P02") << "a class of which no data are shown";
}

TEST(StatementMessage, OfALostConnectionIsTheServersLastWord) {
    const auto message = read_statement_message(
        "FATAL:  57P01: terminating connection due to administrator command\n"
        "LOCATION:  ProcessInterrupts, postgres.c:3191\nserver closed the connection unexpectedly\n"
        "\tThis probably means the server terminated abnormally\n\tbefore or while processing the "
        "request.\n");
    EXPECT_EQ(message.sqlstate, "57P01");
    EXPECT_EQ(message.text, "terminating connection due to administrator command");
}

TEST(StatementMessage, OfAServerThatSaysNothingIsLibpqs) {
    const auto message = read_statement_message(
        "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n"
        "\tbefore or while processing the request.\n");
    EXPECT_EQ(message.sqlstate, "");
    EXPECT_EQ(message.text, "server closed the connection unexpectedly");
    EXPECT_EQ(read_statement_message("").text, "");
    EXPECT_EQ(read_statement_message("SSL SYSCALL error:  EOF detected\n").text,
              "SSL SYSCALL error:  EOF detected");
}

TEST(LoginMessage, LeavesOutTheAdviceToDoWithoutVerification) {
    for (const char* const advice :
         {"Either provide the file or change sslmode to disable server certificate verification.\n",
          "Either provide the file, use the system's trusted roots with sslrootcert=system, or change "
          "sslmode to "
          "disable server certificate verification.\n"}) {
        const auto message = read_login_message(
            std::string("connection to server at \"a\" (10.0.0.1), port 5432 failed: root certificate file "
                        "\"/ca.pem\" does not exist\n") +
            advice);
        EXPECT_EQ(
            message.text,
            "connection to server at \"a\" (10.0.0.1), port 5432 failed: root certificate file \"/ca.pem\" "
            "does not exist");
    }
}

TEST(LoginMessage, OfAServerThatEndsTheConnectionIsThatItDid) {
    const auto message = read_login_message(
        "connection to server at \"a\" (10.0.0.1), port 5432 failed: server closed the connection "
        "unexpectedly\n"
        "\tThis probably means the server terminated abnormally\n\tbefore or while processing the "
        "request.\n");
    EXPECT_EQ(message.text,
              "connection to server at \"a\" (10.0.0.1), port 5432 failed: server closed the connection "
              "unexpectedly");
    EXPECT_EQ(read_login_message("\tindented alone\n").text, "\tindented alone");
}

TEST(LoginMessage, IsThatOfTheLastAttempt) {
    const auto message = read_login_message(
        "connection to server at \"a\" (10.0.0.1), port 5432 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
        "connection to server at \"b\" (10.0.0.2), port 5432 failed: FATAL:  28P01: password authentication "
        "failed for user \"k\"\nLOCATION:  auth_failed, auth.c:338\n");
    EXPECT_EQ(message.sqlstate, "28P01");
    EXPECT_EQ(message.text, "password authentication failed for user \"k\"");
}

TEST(LoginMessage, OfLibpqSaysWhereAndWhy) {
    const auto message = read_login_message(
        "connection to server at \"a\" (10.0.0.1), port 1 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
        "connection to server at \"a\" (10.0.0.2), port 1 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n");
    EXPECT_EQ(message.sqlstate, "");
    EXPECT_EQ(message.text, "connection to server at \"a\" (10.0.0.2), port 1 failed: Connection refused");
}

}  // namespace
}  // namespace keyshift::drivers
