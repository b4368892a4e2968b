/**
 * Certificates for tests, made on the spot by openssl.
 *
 * @module
 */
import { join } from "node:path";
import { mustRun } from "../run_tool.ts";

/** PEM files of one certificate. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** An authority, what it has signed, and one certificate by nobody. */
export interface Certificates {
  readonly authority: CertificateFiles;
  /** For 127.0.0.1 and localhost, by the authority. */
  readonly server: CertificateFiles;
  /** Of a client, by the authority. */
  readonly client: CertificateFiles;
  /** For another name, by itself. */
  readonly stranger: CertificateFiles;
}

/** Makes all of them in `folder`. */
export function makeCertificates(folder: string): Certificates {
  const files = (name: string): CertificateFiles => ({
    certificate: join(folder, `${name}.pem`),
    key: join(folder, `${name}.key`),
  });
  const authority = files("authority");
  const common = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const selfSigned = (to: CertificateFiles, subject: string, extensions: string[]) =>
    mustRun("openssl", [
      ...["req", "-x509", ...common, "-days", "2", "-subj", subject],
      ...["-keyout", to.key, "-out", to.certificate],
      ...extensions.flatMap((it) => ["-addext", it]),
    ]);
  selfSigned(authority, "/CN=authority of the tests", []);
  const signed = (name: string, extensions: string): CertificateFiles => {
    const to = files(name);
    const request = join(folder, `${name}.csr`);
    const settings = join(folder, `${name}.cnf`);
    Deno.writeTextFileSync(settings, extensions);
    mustRun("openssl", [
      ...["req", ...common, "-subj", `/CN=${name}`, "-keyout", to.key, "-out", request],
    ]);
    mustRun("openssl", [
      ...["x509", "-req", "-in", request, "-days", "2", "-out", to.certificate],
      ...["-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"],
      ...["-extfile", settings],
    ]);
    return to;
  };
  const server = signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  const client = signed("client", "extendedKeyUsage=clientAuth\n");
  const stranger = files("stranger");
  selfSigned(stranger, "/CN=stranger", ["subjectAltName=DNS:stranger.test"]);
  return { authority, server, client, stranger };
}
