// SPDX-License-Identifier: Apache-2.0
// One list of members is JSON, CSV and a schema.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/archive.hpp"
#include "api/csv.hpp"
#include "api/keys.hpp"
#include "api/lists.hpp"
#include "api/openapi.hpp"
#include "formats/text/json_tree.hpp"

namespace keyshift::api {
namespace {

using testing::HasSubstr;

Key full_key() {
    Key key;
    key.id = "k-1";
    key.name = "=1+1";
    key.prefix = "sk-1";
    key.owner = "o,\"p\"";
    key.phase = "overlap";
    key.since = base::Time{std::chrono::seconds{1}};
    key.blocked = true;
    key.replacement = KeyReplacement{"m-1", "name", base::Time{std::chrono::seconds{2}}, std::nullopt};
    return key;
}

TEST(Csv, HasAColumnForEachMember) {
    const std::string text = CsvWriter::document(std::vector<Key>{full_key(), Key{}});
    EXPECT_EQ(
        text,
        "id,name,prefix,owner,phase,since,created_at,last_used_at,expires_at,blocked,over_budget,"
        "acknowledged,"
        "first_seen_at,gone_at,gone_as,replacement.id,replacement.rule,replacement.found_at,"
        "replacement.used_at,"
        "next_step\r\n"
        "k-1,\"'=1+1\",sk-1,\"o,\"\"p\"\"\",overlap,1970-01-01T00:00:01Z,,,,true,false,false,1970-01-01T00:"
        "00:00Z,,,"
        "m-1,name,1970-01-01T00:00:02Z,,\r\n"
        "\"\",,\"\",,,,,,,false,false,false,1970-01-01T00:00:00Z,,,,,,,\r\n");
}

TEST(Csv, OfNothingIsAHeader) {
    EXPECT_EQ(CsvWriter::document(std::vector<HistoryPoint>{}), "at,live,removed,drained\r\n");
}

TEST(Csv, MapsAndListsAreOneCell) {
    Owner owner;
    owner.owner = "o";
    owner.keys = 2;
    owner.phases = {{"pending", 1}, {"overlap", 1}};
    EXPECT_EQ(CsvWriter::document(std::vector{owner}),
              "owner,keys,gone,phases,last_used_at\r\no,2,0,overlap=1 pending=1,\r\n");
    SourceReport source;
    source.source = "redis";
    source.missing = {"a", "b"};
    EXPECT_THAT(CsvWriter::document(std::vector{source}), HasSubstr("\r\nredis,,,,,,a b,0,0\r\n"));
}

TEST(Csv, OfAListOfObjectsThereIsTheNumber) {
    Mark mark;
    mark.id = 1;
    mark.kind = "cutover";
    mark.clients.resize(2);
    EXPECT_EQ(
        CsvWriter::document(std::vector{mark}),
        "id,kind,at,by,note,ended_at,answer,summary,settled,why_unknown,new_clients,known_clients,sources,"
        "clients\r\n1,cutover,1970-01-01T00:00:00Z,\"\",\"\",,,,,\"\",0,0,0,2\r\n");
}

TEST(Marks, AreReadBackAsTheyWereWritten) {
    List<Mark> list;
    Mark& mark = list.items.emplace_back();
    mark.answer = "somebody_new";
    mark.settled = true;
    mark.why_unknown = {"why"};
    mark.sources = {{"access_log", base::Time{}, {}, {{"blocked", 2}}}};
    mark.clients = {
        {"new", "access_log", "blocked", "192.0.2.1 key 5f", "5f", 2, 1, base::Time{}, base::Time{}}};
    const std::string text = ArchiveWriter::document(list);
    const auto back = ArchiveReader::document<List<Mark>>(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(ArchiveWriter::document(*back), text);
}

TEST(Failures, AreReadBackAsTheyWereWritten) {
    FailureList list;
    list.sources = {{"access_log", base::Time{}}, {"gateway_log", {}}};
    list.reasons = {{"access_log", "blocked", 1, 2, base::Time{}, base::Time{}}};
    list.total = 3;
    list.items = {
        {"access_log", "blocked", "192.0.2.1 key 5f", "5f", "curl", "/v1", 2, base::Time{}, base::Time{}}};
    const std::string text = ArchiveWriter::document(list);
    const auto back = ArchiveReader::document<FailureList>(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(ArchiveWriter::document(*back), text);
    EXPECT_EQ(back->items.front().key, "5f");
}

TEST(Keys, AreReadBackAsTheyWereWritten) {
    KeyPage page;
    page.total = 7;
    page.next = "1.created.1.1";
    page.items = {full_key(), Key{}};
    const std::string text = ArchiveWriter::document(page);
    const auto back = ArchiveReader::document<KeyPage>(text);
    ASSERT_TRUE(back);
    EXPECT_EQ(ArchiveWriter::document(*back), text);
    EXPECT_EQ(back->items.front().replacement->id, "m-1");
}

TEST(OpenApi, DescribesEachPathOnceWithProblemsOfItsOwn) {
    const auto document = formats::parse_json(openapi());
    ASSERT_TRUE(document);
    EXPECT_EQ(document->find("openapi")->text, "3.1.0");
    const auto& paths = document->find("paths")->members;
    EXPECT_EQ(paths.size(), 16U);
    std::size_t operations = 0;
    for (const auto& [path, item] : paths) {
        for (const char* method : {"get", "post", "delete"}) {
            if (item.find(method) == nullptr) continue;
            ++operations;
            const auto* const answers = item.find(method)->find("responses");
            ASSERT_NE(answers, nullptr) << path;
            for (const char* status : {"200", "400", "403", "503"})
                EXPECT_NE(answers->find(status), nullptr) << method << path << status;
        }
    }
    EXPECT_EQ(operations, 19U) << "three resources can be added to and taken from";
    const auto* const key =
        document->find("paths")->find("/api/v1/keys")->find("get")->find("responses")->find("200");
    const auto* const schema = key->find("content")->find("application/json")->find("schema");
    EXPECT_NE(
        schema->find("properties")->find("keys")->find("items")->find("properties")->find("replacement"),
        nullptr);
    EXPECT_EQ(schema->find("required")->items.size(), 5U);
}

}  // namespace
}  // namespace keyshift::api
