// SPDX-License-Identifier: Apache-2.0
// Where secrets come from, in which order, and that they can be read again.
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "contract/temporary_directory.hpp"
#include "unit/config/fixture.hpp"

namespace keyshift::config {
namespace {

/// Files with secrets in a directory that goes away with them.
class Files {
 public:
    std::filesystem::path write(const std::string& name, const std::string& content) const {
        std::ofstream(path() / name, std::ios::binary) << content;
        return path() / name;
    }
    const std::filesystem::path& path() const { return directory_.path(); }

 private:
    TemporaryDirectory directory_{"secret"};
};

KeysOptions keys_of(const Loaded& loaded) {
    EXPECT_EQ(messages(loaded.problems), "");
    if (loaded.config.collectors.size() != 1) return {};
    return options_of<KeysOptions>(loaded.config.collectors[0]);
}

std::string value_of(const SecretSource& source) {
    const auto secret = source.read();
    return secret ? secret->reveal() : "(" + secret.error().text() + ")";
}

TEST(Secret, InlineBeforeFileBeforeEnvironmentBeforeCredential) {
    const Files directory;
    const std::string file = directory.write("f", "from file").string();
    directory.write("database_url", "from credential");
    const std::map<std::string, std::string, std::less<>> credential{
        {"CREDENTIALS_DIRECTORY", directory.path().string()}};
    auto all = credential;
    all["DATABASE_URL"] = "from environment";
    const auto origin_and_value = [](const std::string& keys, const auto& environment) {
        const auto source =
            keys_of(parsed("collectors: [{type: keys" + keys + "}]", variables(environment))).database_url;
        return source.origin() + " = " + value_of(source);
    };
    EXPECT_EQ(origin_and_value(", database_url: inline", all), "collectors[keys].database_url = inline");
    EXPECT_EQ(origin_and_value(", database_url_file: " + file, all), "the file " + file + " = from file");
    EXPECT_EQ(origin_and_value("", all), "the environment variable DATABASE_URL = from environment");
    EXPECT_EQ(origin_and_value(", database_url: null, database_url_file: null", all),
              "the environment variable DATABASE_URL = from environment");
    all["DATABASE_URL"] = "";
    EXPECT_EQ(origin_and_value("", all),
              "the systemd credential database_url ($CREDENTIALS_DIRECTORY/database_url) = from credential");
}

TEST(Secret, ACredentialAloneAsksForItsCollectors) {
    const Files directory;
    const auto loaded = [&] {
        return parsed("web: {}", variables({{"CREDENTIALS_DIRECTORY", directory.path().string()}}));
    };
    EXPECT_EQ(loaded().problems.size(), 1U) << "the directory alone asks for nothing";
    directory.write("database_url", "postgresql://h/d\n");
    const auto both = loaded();
    EXPECT_EQ(messages(both.problems), "");
    ASSERT_EQ(both.config.collectors.size(), 2U) << "keys and statements, as DATABASE_URL does";
    EXPECT_EQ(value_of(options_of<KeysOptions>(both.config.collectors[0]).database_url), "postgresql://h/d");
    directory.write("database_url", "\n");
    const auto empty = messages(loaded().problems);
    EXPECT_NE(
        empty.find("the systemd credential database_url ($CREDENTIALS_DIRECTORY/database_url) is empty"),
        std::string::npos)
        << empty;
}

TEST(Secret, FileIsReadAgain) {
    const Files directory;
    const auto file = directory.write("f", "old\n");
    const auto source =
        keys_of(parsed("collectors: [{type: keys, database_url_file: " + file.string() + "}]")).database_url;
    EXPECT_EQ(value_of(source), "old");
    directory.write("f", "new\n");
    EXPECT_EQ(value_of(source), "new");
    std::filesystem::remove(file);
    EXPECT_EQ(value_of(source), "(the file " + file.string() + " does not exist; check its path)");
}

TEST(Secret, OneNewlineAtTheEndOfAVariableIsDroppedToo) {
    const auto value = [](const std::string& given) {
        return value_of(
            keys_of(parsed("collectors: [{type: keys}]", variables({{"DATABASE_URL", given}}))).database_url);
    };
    EXPECT_EQ(value("postgresql://h/d\n"), "postgresql://h/d");
    EXPECT_EQ(value("postgresql://h/d\r\n"), "postgresql://h/d");
    EXPECT_EQ(value("postgresql://h/d\n\n"), "postgresql://h/d\n");
}

TEST(Secret, DropsOneNewlineOnly) {
    const Files directory;
    const auto read = [&](const std::string& content) {
        return value_of(SecretSource::file(directory.write("f", content), "it"));
    };
    EXPECT_EQ(read("x"), "x");
    EXPECT_EQ(read("x\n"), "x");
    EXPECT_EQ(read("x\n\n"), "x\n");
    EXPECT_EQ(read("x\r\n"), "x");
    EXPECT_EQ(read(" x \n"), " x ");
    EXPECT_EQ(read("\n"), "(it is empty; put the secret into it)");
    EXPECT_EQ(read(""), "(it is empty; put the secret into it)");
}

TEST(Secret, RefusesWhatIsNoSecretFile) {
    const Files directory;
    const auto read = [](const std::filesystem::path& file) {
        return value_of(SecretSource::file(file, "it"));
    };
    EXPECT_EQ(read(directory.write("f", std::string(kMaxSecretBytes, 'x'))).size(), kMaxSecretBytes);
    EXPECT_EQ(read(directory.write("f", std::string(kMaxSecretBytes + 1, 'x'))),
              "(it is larger than 64 KiB; check its path)");
    EXPECT_EQ(read("/dev/zero"), "(it is not a regular file; name a regular one)");
    EXPECT_EQ(read(directory.path()), "(it is a directory; name a file in it)");
    EXPECT_EQ(read(directory.path() / "f" / "g"), "(it does not exist; check its path)");
    EXPECT_EQ(value_of(SecretSource{}), "(the secret is not given; see docs/configuration.md)");
}

/// Root may read everything: be nobody for a while.
class Nobody {
 public:
    Nobody() { EXPECT_EQ(::seteuid(65534), 0); }
    ~Nobody() { EXPECT_EQ(::seteuid(before_), 0); }

 private:
    uid_t before_ = ::geteuid();
};

TEST(Secret, FileThatMayNotBeRead) {
    const Files directory;
    const auto file = directory.write("f", "x");
    std::filesystem::permissions(file, std::filesystem::perms::none);
    // The directory has to let others through: that it is the file which may not be read is the point.
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0711));
    std::optional<Nobody> nobody;
    if (::geteuid() == 0) nobody.emplace();
    EXPECT_EQ(value_of(SecretSource::file(file, "it")),
              "(it may not be read; let the user that keyshift runs as read it)");
}

TEST(Secret, RelativePathsStartFromTheConfigurationFile) {
    const Files directory;
    directory.write("f", "x");
    const auto file = directory.write("keyshift.yaml", "collectors: [{type: keys, database_url_file: f}]");
    EXPECT_EQ(value_of(keys_of(load(file, variables({}), collector_types())).database_url), "x");
}

TEST(Secret, VariablesInItAreExpanded) {
    const auto loaded = parsed("collectors: [{type: keys, database_url: \"${CANARY}$$x\"}]");
    EXPECT_EQ(value_of(keys_of(loaded).database_url), "canary$x");
}

TEST(Secret, OneCollectorMayUseAnothersBeforeTheEnvironment) {
    const auto of_statements = [](const std::string& collectors) {
        const Loaded loaded =
            parsed("collectors: [" + collectors + "]", variables({{"DATABASE_URL", "from environment"}}));
        EXPECT_EQ(messages(loaded.problems), "");
        for (const CollectorConfig& collector : loaded.config.collectors) {
            if (collector.type != "statements") continue;
            const auto& source = options_of<SecretSource>(collector);
            return source.origin() + " = " + value_of(source);
        }
        return std::string();
    };
    const std::string keys = "{type: keys, database_url: of keys}";
    EXPECT_EQ(of_statements("{type: statements}, " + keys), "collectors[keys].database_url = of keys");
    EXPECT_EQ(of_statements(keys + ", {type: statements}"), "collectors[keys].database_url = of keys");
    EXPECT_EQ(of_statements(keys + ", {type: statements, database_url: own}"),
              "collectors[statements].database_url = own");
    EXPECT_EQ(of_statements("{type: keys}, {type: statements}"),
              "the environment variable DATABASE_URL = from environment");
}

}  // namespace
}  // namespace keyshift::config
