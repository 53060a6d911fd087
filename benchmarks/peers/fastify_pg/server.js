// Fastify and pg. STATEMENTS chooses: `usual`, a transaction of four, or `one`.
// WORKERS is how many processes answer on PORT; pg keeps ten connections for each.
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import pg from 'pg'
import { read } from './reading.js'

const { DATABASE_URL, PORT, STATEMENTS, WORKERS } = process.env
const keep = { one: keepInOne, usual: keepAsUsual }[STATEMENTS]

// A statement with a name is prepared once for each connection.
function statement (name) {
  const text = readFileSync(new URL(`../statements/${name}.sql`, import.meta.url), 'utf8')
  return values => ({ name, text, values })
}

const [one, kept, repeated, applied, appended] =
  ['one', 'keep', 'repeat', 'apply', 'append'].map(statement)

async function keepInOne (pool, said) {
  await pool.query(one(said))
}

async function keepAsUsual (pool, said) {
  const [digest, provider, body, ...about] = said
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const callback = await client.query(kept([digest, provider, body]))
    if (callback.rowCount === 0) {
      await client.query(repeated([digest]))
    } else {
      const fax = await client.query(applied([provider, ...about]))
      await client.query(appended([fax.rows[0].id, callback.rows[0].id, about[1]]))
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

async function serve () {
  const pool = new pg.Pool({ connectionString: DATABASE_URL })
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
  app.post('/hooks/:provider/:token', async (request, reply) => {
    const { provider, token } = request.params
    const said = read(provider, token, request.headers['x-signalwire-signature'] ?? '', request.body)
    if (said === null) return reply.code(403).send()
    await keep(pool, said)
    return reply.type('application/xml').send('<Response/>')
  })
  process.once('SIGTERM', async () => {
    await app.close()
    await pool.end()
    process.exit()
  })
  await app.listen({ host: '127.0.0.1', port: Number(PORT) })
}

if (cluster.isPrimary && Number(WORKERS) > 1) {
  for (let number = 0; number < Number(WORKERS); number++) cluster.fork()
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill('SIGTERM')
  })
} else {
  await serve()
}
