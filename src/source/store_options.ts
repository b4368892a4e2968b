/**
 * What opening an image of a store of a container engine takes, beside what all sources take.
 *
 * @module
 */

/** Options of `openImage` that say where the stores of container engines are. */
export interface StoreOptions {
  /**
   * Docker's data root.
   *
   * @default `/var/lib/docker`
   */
  readonly dockerRoot?: string;
  /**
   * Socket of Docker's engine, to be asked instead of reading the data root.
   *
   * @default `$DOCKER_HOST`; where the data root cannot be read, `/var/run/docker.sock`
   */
  readonly dockerSocket?: string;
  /**
   * Root of the storage of Podman, Buildah and CRI-O.
   *
   * @default what `storage.conf` says, else `/var/lib/containers/storage`, or for a user
   * `~/.local/share/containers/storage`
   */
  readonly storageRoot?: string;
  /**
   * Root of containerd's data.
   *
   * @default `/var/lib/containerd`
   */
  readonly containerdRoot?: string;
}
