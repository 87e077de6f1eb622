// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify/message.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::daemon {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const base::Time kNow{seconds{1'768'003'200}};
const Sender kSender{"blue", base::Time{seconds{1'768'000'000}}};

inventory::NewEvents events(std::uint64_t count) {
    inventory::NewEvents out;
    for (const std::uint64_t id : {7, 8}) {
        api::Event& event = out.first.emplace_back();
        event.id = id;
        event.at = base::Time{seconds{1'768'003'100}};
        event.kind = "phase";
        event.key = "key-" + std::to_string(id);
        event.owner = "ann@example.com";
        event.was = "pending";
        event.phase = "stranded";
        event.detail = "by modern-1";
    }
    out.count = count;
    out.newest = 90;
    return out;
}

TEST(EventsMessage, IsTheApisShapeInAnEnvelope) {
    const Message message = events_message(kSender, events(2), kNow);
    EXPECT_EQ(message.body,
              R"({"schema_version":1,"id":"1768000000-events-7-8","kind":"events","instance":"blue",)"
              R"("history_began_at":"2026-01-09T23:06:40Z","at":"2026-01-10T00:00:00Z","events":[)"
              R"({"id":7,"at":"2026-01-09T23:58:20Z","kind":"phase","key":"key-7","owner":"ann@example.com",)"
              R"("was":"pending","phase":"stranded","keys":null,"detail":"by modern-1"},)"
              R"({"id":8,"at":"2026-01-09T23:58:20Z","kind":"phase","key":"key-8","owner":"ann@example.com",)"
              R"("was":"pending","phase":"stranded","keys":null,"detail":"by modern-1"}],"more":null})"
              "\n");
    EXPECT_EQ(message.id, "1768000000-events-7-8");
    EXPECT_EQ(message.told, 2U);
    EXPECT_EQ(message.left_out, 0U);
    EXPECT_EQ(message.events_end, 90);
}

TEST(EventsMessage, TellsTheNumberOfThoseThatAreTooMany) {
    const Message message = events_message(kSender, events(1'000'000), kNow);
    EXPECT_EQ(message.told, 2U);
    EXPECT_EQ(message.left_out, 999'998U);
    EXPECT_THAT(message.body, HasSubstr(R"("more":{"events":999998,)"
                                        R"("ask":"/api/v1/events?since=2026-01-09T23:58:20Z"}})"));
}

TEST(EventsMessage, NamesNobodyWhereTheInventoryIsOff) {
    const Message message = events_message({"blue", std::nullopt, false}, events(2), kNow);
    EXPECT_THAT(message.body, HasSubstr(R"("key":null,"owner":null,"was":"pending","phase":"stranded")"));
    EXPECT_THAT(message.body, Not(HasSubstr("key-7")));
    EXPECT_THAT(message.body, Not(HasSubstr("example.com")));
    EXPECT_THAT(message.body, Not(HasSubstr("modern-1")));
}

api::Judged judged(std::string verdict) {
    api::Judged out;
    out.at = kNow;
    out.answer.verdict = std::move(verdict);
    out.answer.checks = {{"auth_enforced", "not measured", "no probe", {}},
                         {"coverage", "NOT_YET", "3 of 7 days", kNow + seconds{60}},
                         {"none_stranded", "UNSAFE", "2 keys", {}},
                         {"inventory", "pass", "all there", {}}};
    return out;
}

TEST(VerdictSeen, NamesTheCheckThatDecidesAndThoseThatDoNotPass) {
    const VerdictChange seen = verdict_seen(judged("UNSAFE"));
    EXPECT_EQ(seen.to, "UNSAFE");
    EXPECT_EQ(seen.reason, "none_stranded: 2 keys");
    ASSERT_EQ(seen.checks.size(), 2U);
    EXPECT_EQ(seen.checks.front().check, "coverage");
    EXPECT_EQ(verdict_seen(judged("NOT_YET")).reason, "coverage: 3 of 7 days");
    api::Judged safe = judged("SAFE");
    safe.answer.checks.resize(1);
    EXPECT_EQ(verdict_seen(safe).reason, "every check passes");
}

TEST(VerdictMessage, TellsFromWhatToWhatAndWhy) {
    VerdictChange change = verdict_seen(judged("UNSAFE"));
    change.from = "SAFE";
    const Message message = verdict_message(kSender, change, 4, kNow);
    EXPECT_EQ(message.id, "1768000000-verdict-4-SAFE-UNSAFE");
    EXPECT_EQ(message.told, 1U);
    EXPECT_EQ(message.verdict, "UNSAFE");
    EXPECT_EQ(message.events_end, std::nullopt);
    EXPECT_THAT(message.body, HasSubstr(R"("kind":"verdict","instance":"blue")"));
    EXPECT_THAT(
        message.body,
        HasSubstr(R"("verdict":{"from":"SAFE","to":"UNSAFE","at":"2026-01-10T00:00:00Z",)"
                  R"("reason":"none_stranded: 2 keys","earliest_safe":null,"checks":[{"check":"coverage")"));
}

TEST(VerdictMessage, OfAnotherChangeUnderTheSameNumberIsAnother) {
    // After a kill -9 nobody knows whether the first one arrived.
    const auto id = [](const char* from, const char* to) {
        VerdictChange change;
        change.from = from;
        change.to = to;
        return verdict_message(kSender, change, 4, kNow).id;
    };
    EXPECT_EQ(id("NOT_YET", "SAFE"), id("NOT_YET", "SAFE"));
    EXPECT_NE(id("NOT_YET", "SAFE"), id("NOT_YET", "UNSAFE"));
}

TEST(PingMessage, TellsNothing) {
    const Message message = ping_message(kSender, kNow);
    EXPECT_EQ(message.told, 0U);
    EXPECT_THAT(message.body, HasSubstr(R"("kind":"ping")"));
}

TEST(Signature, IsOfTheSecondsAFullStopAndTheBody) {
    // printf '1768003200.{}' | openssl dgst -sha256 -hmac key
    EXPECT_EQ(signature(base::Secret("key"), "{}", kNow),
              "t=1768003200,v1=eea3e2f109b2910385e64d12cb14f4c46793e2a50e4462d24f4e7bd9aa53938a");
    // The fraction of a second is not in it.
    EXPECT_EQ(signature(base::Secret("key"), "{}", kNow + std::chrono::milliseconds{999}),
              signature(base::Secret("key"), "{}", kNow));
    EXPECT_NE(signature(base::Secret("key"), "{}", kNow), signature(base::Secret("key"), "[]", kNow));
}

}  // namespace
}  // namespace keyshift::daemon
