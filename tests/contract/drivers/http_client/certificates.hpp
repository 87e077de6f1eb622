// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made anew in a directory of their own that goes with the object.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "contract/drivers/http_client/loopback_server.hpp"
#include "contract/temporary_directory.hpp"

namespace keyshift::drivers::testing {

class Authority {
 public:
    explicit Authority(const std::string& own_name = "keyshift test authority") {
        key_ = new_key();
        certificate_ = certify(own_name, {}, key_.get(), 0, 1);
        write(path("ca.pem"), key_.get(), certificate_.get(), Content::certificate);
    }

    std::string ca_file() const { return path("ca.pem"); }
    std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

    /// `names` as in openssl.cnf: "DNS:gateway.test,IP:127.0.0.1". Valid from and to so many days from now.
    Files issue(const std::string& name, const std::string& names, int from_day = -1, int to_day = 1) {
        const Key key = new_key();
        const Certificate certificate = certify(name, names, key.get(), from_day, to_day);
        const Files files{path(name + ".pem"), path(name + ".key")};
        write(files.certificate, key.get(), certificate.get(), Content::certificate);
        write(files.key, key.get(), certificate.get(), Content::key);
        return files;
    }

 private:
    using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
    using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
    enum class Content { certificate, key };

    static Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

    /// Without an authority yet, one that signs itself.
    Certificate certify(const std::string& name, const std::string& names, EVP_PKEY* key, int from_day,
                        int to_day) {
        Certificate made(X509_new(), &X509_free);
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), 86400L * from_day);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400L * to_day);
        X509_set_pubkey(made.get(), key);
        X509_NAME* const subject = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509* const issuer = certificate_ ? certificate_.get() : made.get();
        X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
        if (!certificate_) extend(made.get(), NID_basic_constraints, "critical,CA:TRUE");
        if (!names.empty()) extend(made.get(), NID_subject_alt_name, names);
        X509_sign(made.get(), key_.get(), EVP_sha256());
        return made;
    }

    static void extend(X509* certificate, int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), &X509_EXTENSION_free);
        X509_add_ext(certificate, extension.get(), -1);
    }

    static void write(const std::string& path, EVP_PKEY* key, X509* certificate, Content content) {
        std::FILE* const file = std::fopen(path.c_str(), "w");
        if (content == Content::certificate) {
            PEM_write_X509(file, certificate);
        } else {
            PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
        }
        std::fclose(file);
    }

    const TemporaryDirectory directory_{"tls"};
    long serial_ = 0;
    Key key_{nullptr, &EVP_PKEY_free};
    Certificate certificate_{nullptr, &X509_free};
};

}  // namespace keyshift::drivers::testing
