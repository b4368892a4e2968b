/**
 * Which certificates to trust and to show, host by host: those that were given, those of the
 * system, and those of the `certs.d` directories of Docker and podman (containers-certs.d(5)).
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { Environment } from "./environment.ts";

/** A certificate by which we identify ourselves, both parts in PEM. */
export interface ClientCertificate {
  /** The certificate, with its chain. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
}

/** Certificates for connections to one host, in PEM. */
export interface TlsIdentity {
  /** Authorities that the system trusts, each a text of its own. */
  readonly system: readonly string[];
  /** Authorities to trust besides those. */
  readonly authorities: readonly string[];
  /** By which we identify ourselves, `null` where we do not. */
  readonly client: ClientCertificate | null;
}

/** What the caller gave. */
export interface TlsOptions {
  /** Further authorities to trust, each file's text in PEM. */
  readonly authorities: readonly string[];
  /** For the registries that references name. */
  readonly client: ClientCertificate | null;
}

/** Where systems keep the authorities that they trust, in one file. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Finds the certificates for a host. */
export class TlsSettings {
  readonly #options: TlsOptions;
  readonly #environment: Environment;
  readonly #identities = new Map<string, TlsIdentity>();
  #common: TlsIdentity | null = null;

  /** Nothing is read before the first connection. */
  constructor(options: TlsOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
  }

  /**
   * Certificates for `host` (`HOST` or `HOST:PORT`); the given client certificate is among them
   * only where `identify` says so. Throws `ImageError` `CORRUPT` for a certificate without its key.
   */
  identityFor(host: string, identify: boolean): TlsIdentity {
    const name = `${identify} ${host}`;
    let identity = this.#identities.get(name);
    if (identity === undefined) {
      identity = this.#findIdentity(host, identify);
      this.#identities.set(name, identity);
    }
    return identity;
  }

  /** The same object for all hosts that have nothing of their own: they can share connections. */
  #findIdentity(host: string, identify: boolean): TlsIdentity {
    this.#common ??= {
      system: this.#systemAuthorities(),
      authorities: this.#options.authorities,
      client: null,
    };
    const found = this.#directories().map((folder) => this.#readDirectory(`${folder}/${host}`));
    const authorities = found.flatMap((it) => it.authorities);
    const given = identify ? this.#options.client : null;
    const client = given ?? found.find((it) => it.client !== null)?.client ?? null;
    if (authorities.length === 0 && client === null) return this.#common;
    const { system } = this.#common;
    return { system, authorities: [...this.#common.authorities, ...authorities], client };
  }

  #directories(): string[] {
    const home = this.#environment.variable("HOME");
    return [
      ...(home === undefined ? [] : [`${home}/.config/containers/certs.d`]),
      "/etc/containers/certs.d",
      "/etc/docker/certs.d",
    ];
  }

  #readDirectory(folder: string): Pick<TlsIdentity, "authorities" | "client"> {
    const names = this.#environment.listDirectory(folder);
    const read = (name: string) => this.#readText(`${folder}/${name}`);
    const authorities = names.filter((name) => name.endsWith(".crt")).map(read)
      .filter((text) => text !== null);
    let client: ClientCertificate | null = null;
    for (const name of names.filter((it) => it.endsWith(".cert"))) {
      const keyName = name.replace(/\.cert$/, ".key");
      const certificate = read(name);
      const key = names.includes(keyName) ? read(keyName) : null;
      if (certificate === null || key === null) {
        throw new ImageError(
          "CORRUPT",
          `Cannot use client certificate ${quote(`${folder}/${name}`)}: its key cannot be read, ` +
            `expected it in ${quote(keyName)} beside it`,
        );
      }
      client ??= { certificate, key };
    }
    return { authorities, client };
  }

  #systemAuthorities(): string[] {
    const chosen = this.#environment.variable("SSL_CERT_FILE");
    const paths = chosen === undefined ? SYSTEM_BUNDLES : [chosen];
    const bundle = paths.map((path) => this.#readText(path)).find((text) => text !== null);
    return bundle?.match(CERTIFICATE) ?? [];
  }

  #readText(path: string): string | null {
    const bytes = this.#environment.readFile(path);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }
}
