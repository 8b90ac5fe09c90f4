import postgres from 'postgres';
import { applicationName } from '../../src/adapters/postgres/database.ts';
import { type Cluster, describeCluster, runOnCluster } from '../../src/adapters/postgres/engine/cluster.ts';
import { startEmbeddedEngine } from '../../src/adapters/postgres/engine/embedded-engine.ts';
import { stopServer } from '../../src/adapters/postgres/engine/start-server.ts';

const database = 'chaos';

/** A PostgreSQL of our own, with a fresh database, that can be hurt. The database stays until the next run, to be looked at. */
export class DatabaseServer implements AsyncDisposable {
  readonly url: string;
  readonly sql: postgres.Sql;
  readonly #cluster: Cluster;
  readonly #engine: AsyncDisposable;

  private constructor(url: string, cluster: Cluster, engine: AsyncDisposable) {
    this.url = url;
    this.#cluster = cluster;
    this.#engine = engine;
    this.sql = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'chaos' } });
  }

  static async start(folder: string): Promise<DatabaseServer> {
    const engine = await startEmbeddedEngine({ dataDirectory: folder });
    const sql = postgres(engine.url, { max: 1, onnotice: () => {} });
    await sql`drop database if exists ${sql(database)} with (force)`;
    await sql`create database ${sql(database)}`;
    await sql.end();
    const { href } = Object.assign(new URL(engine.url), { pathname: `/${database}` });
    return new DatabaseServer(href, await describeCluster(folder), engine);
  }

  /** Ends the connections on which processes hear of appends. The answer is how many. */
  deafen(): Promise<number> {
    return this.#terminate(this.sql`query ilike 'listen%'`, 100);
  }

  /** Ends some connections, whatever they are doing. */
  terminate(backends: number): Promise<number> {
    return this.#terminate(this.sql`true`, backends);
  }

  async #terminate(which: postgres.Fragment, most: number): Promise<number> {
    const { count } = await this.sql`select pg_terminate_backend(pid) from (
      select pid from pg_stat_activity where application_name = ${applicationName} and ${which} order by random() limit ${most}) as victim`;
    return count;
  }

  /** On the same port, as `pg_ctl restart` keeps the options. */
  async restart(mode: 'fast' | 'immediate'): Promise<void> {
    const { succeeded, output } = await runOnCluster(this.#cluster, 'pg_ctl', [
      ...['restart', '--wait', '--timeout=120', `--mode=${mode}`, '--log=../server.log'],
    ]);
    if (!succeeded) throw new Error(`PostgreSQL did not come back: ${output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql.end({ timeout: 1 });
    await this.#engine[Symbol.asyncDispose]();
    // The engine leaves a server alone that was restarted under it.
    await stopServer(this.#cluster);
  }
}
