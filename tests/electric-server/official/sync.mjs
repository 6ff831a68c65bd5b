// Has the official client follow the server through random transactions, and compares what it has with what the
// server's tables have. Usage: node sync.mjs URL-OF-/v1/shape MODE… where a mode is `poll` or `sse`.
// tests/official.rs starts the server and this.

import { Shape, ShapeStream } from '@electric-sql/client'
import { TaggedRows } from './tags.mjs'

const [url, ...modes] = process.argv.slice(2)
const rounds = Number(process.env.ROUNDS ?? 40)
const random = generator(Number(process.env.SEED ?? 7))
let failures = 0

// It warns of 409 without a handle and of SSE responses that end at once. Both are what the real service does.
console.warn = () => {}

async function control(command) {
  const response = await fetch(new URL('/control', url), { method: 'POST', body: JSON.stringify(command) })
  const answer = await response.json()
  if (!response.ok) throw new Error(`${command.do}: ${answer.error}`)
  return answer
}

const tables = [
  {
    name: 'tasks',
    columns: [
      { name: 'id', type: 'int4', pk_index: 0 },
      { name: 'title', type: 'text', not_null: true },
      { name: 'status', type: 'text' },
      { name: 'done', type: 'bool' },
      { name: 'weight', type: 'int8' },
      { name: 'project', type: 'int4' },
      { name: 'owner', type: 'int4' },
    ],
  },
  { name: 'projects', columns: [{ name: 'id', type: 'int4', pk_index: 0 }, { name: 'active', type: 'bool' }] },
  { name: 'owners', columns: [{ name: 'id', type: 'int4', pk_index: 0 }, { name: 'present', type: 'bool' }] },
  {
    name: 'places',
    columns: [
      { name: 'country', type: 'text', pk_index: 0 },
      { name: 'no', type: 'int4', pk_index: 1 },
      { name: 'tags', type: 'text', dims: 1 },
    ],
  },
]

// What is followed: the parameters, and which of the server's rows are to be in it. `rows` has the rows of all
// tables, values as the client's parser gives them.
const inActive = (task, { projects }) => projects.some((project) => project.id === task.project && project.active)
const ofPresent = (task, { owners }) => owners.some((owner) => owner.id === task.owner && owner.present)
const subqueries = {
  project: 'project IN (SELECT id FROM projects WHERE active = true)',
  owner: 'owner IN (SELECT id FROM owners WHERE present)',
}
const definitions = [
  { params: { table: 'tasks' }, of: 'tasks' },
  { params: { table: 'tasks', replica: 'full' }, of: 'tasks' },
  { params: { table: 'tasks', columns: ['id', 'title'] }, of: 'tasks', keep: ['id', 'title'] },
  {
    params: { table: 'tasks', where: "status = $1 AND (weight > 3 OR weight IS NULL)", params: ['open'] },
    of: 'tasks',
    where: (task) => task.status === 'open' && (task.weight === null || task.weight > 3n),
  },
  { params: { table: 'places' }, of: 'places' },
  { params: { table: 'tasks', where: subqueries.project }, of: 'tasks', tagged: true, where: inActive },
  {
    params: { table: 'tasks', where: `${subqueries.project} OR ${subqueries.owner}` },
    of: 'tasks',
    tagged: true,
    where: (task, rows) => inActive(task, rows) || ofPresent(task, rows),
  },
  {
    params: { table: 'tasks', where: `status = 'open' AND ${subqueries.project} AND NOT (${subqueries.owner})` },
    of: 'tasks',
    tagged: true,
    where: (task, rows) =>
      task.status === 'open' && inActive(task, rows) && task.owner !== null && !ofPresent(task, rows),
  },
]

const parse = {
  bool: (text) => text === 'true',
  int4: Number,
  int8: BigInt,
  text: (text) => text,
}

async function serverRows() {
  const rows = {}
  for (const { name, columns } of tables) {
    const answer = await control({ do: 'rows', table: name })
    const value = (column, text) => {
      if (text === null) return null
      return column.dims ? text.slice(1, -1).split(',') : parse[column.type](text)
    }
    rows[name] = answer.rows.map((row) => {
      return Object.fromEntries(columns.map((column) => [column.name, value(column, row[column.name])]))
    })
  }
  return rows
}

function follow(definition, mode) {
  const stream = new ShapeStream({
    url,
    params: definition.params,
    liveSse: mode === 'sse',
    onError: (error) => {
      // A body that breaks off is an error to it, which it forgets only if told to.
      if (process.env.FAULTS) return {}
      console.error(error)
      failures += 1
    },
  })
  const shape = definition.tagged ? new TaggedRows(stream) : new Shape(stream)
  return { name: `${mode} ${JSON.stringify(definition.params)}`, definition, shape }
}

function expected({ of, where = () => true, keep }, rows) {
  const cut = (row) => (keep ? Object.fromEntries(keep.map((name) => [name, row[name]])) : row)
  return rows[of].filter((row) => where(row, rows)).map(cut)
}

function canonical(rows) {
  const entries = rows.map((row) => Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))
  return entries.map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))).sort()
}

async function compare(followed, when) {
  const rows = await serverRows()
  for (const { name, definition, shape } of followed) {
    const wanted = canonical(expected(definition, rows)).join('\n')
    const deadline = Date.now() + 60_000
    while (canonical(shape.currentRows).join('\n') !== wanted && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const got = canonical(shape.currentRows).join('\n')
    if (got !== wanted) {
      failures += 1
      console.error(`${when}: ${name}\nserver:\n${wanted}\nclient:\n${got}\n`)
    }
  }
}

function generator(state) {
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const pick = (...choices) => choices[random(choices.length)]
const task = () => ({
  title: pick('a', 'b', 'naïve 😀', 'x'.repeat(300)),
  status: pick('open', 'done', null),
  done: pick(true, false, null),
  weight: pick(null, 1, 9, '9007199254740993'),
  project: pick(1, 2, 3, null),
  owner: pick(1, 2, null),
})

// One to six operations that cannot fail on `rows`.
function transaction(rows) {
  const ops = []
  const ids = new Set(rows.tasks.map((row) => row.id))
  for (let count = 1 + random(6); count > 0; count -= 1) {
    const id = random(30)
    const key = { id }
    switch (random(8)) {
      case 0:
      case 1:
      case 2:
        ops.push(
          ids.has(id)
            ? { op: 'update', table: 'tasks', key, set: Object.fromEntries([pick(...Object.entries(task()))]) }
            : { op: 'insert', table: 'tasks', row: { id, ...task() } }
        )
        ids.add(id)
        break
      case 3:
        ops.push({ op: 'delete', table: 'tasks', key })
        ids.delete(id)
        break
      case 4: {
        const to = random(30)
        if (ids.has(id) && !ids.has(to)) {
          ops.push({ op: 'update', table: 'tasks', key, set: { id: to, title: pick('moved', 'b') } })
          ids.delete(id)
          ids.add(to)
        }
        break
      }
      case 5:
        ops.push({ op: 'update', table: 'projects', key: { id: 1 + random(3) }, set: { active: pick(true, false) } })
        break
      case 6:
        ops.push({ op: 'update', table: 'owners', key: { id: 1 + random(2) }, set: { present: pick(true, false) } })
        break
      default: {
        const country = pick('a/b', 'q"t', 'é')
        ops.push({ op: 'delete', table: 'places', key: { country, no: 1 } })
        ops.push({ op: 'insert', table: 'places', row: { country, no: 1, tags: pick('{a,b}', '{c,d}', null) } })
      }
    }
  }
  return ops
}

async function transact(ops) {
  if (ops.length > 0) await control({ do: 'transact', ops })
}

async function subsets() {
  const stream = new ShapeStream({ url, params: { table: 'tasks' }, log: 'changes_only', offset: 'now' })
  const rows = await serverRows()
  for (const method of ['GET', 'POST']) {
    const { data } = await stream.fetchSnapshot({
      where: 'id >= $1',
      params: { 1: 5 },
      orderBy: 'weight DESC NULLS LAST, id',
      limit: 5,
      offset: 1,
      method,
    })
    const big = (weight) => weight ?? -1n
    const order = (a, b) => (big(a.weight) === big(b.weight) ? a.id - b.id : big(a.weight) < big(b.weight) ? 1 : -1)
    const wanted = rows.tasks.filter((row) => row.id >= 5).sort(order).slice(1, 6)
    const ids = (list) => list.map((row) => row.id).join()
    if (ids(data.map((message) => message.value)) !== ids(wanted)) {
      failures += 1
      console.error(`subset by ${method}: ${ids(data.map((message) => message.value))}, not ${ids(wanted)}`)
    }
  }
}

for (const table of tables) await control({ do: 'create_table', ...table })
await transact([
  ...[1, 2, 3].map((id) => ({ op: 'insert', table: 'projects', row: { id, active: id !== 2 } })),
  ...[1, 2].map((id) => ({ op: 'insert', table: 'owners', row: { id, present: id === 1 } })),
  ...[...Array(12).keys()].map((id) => ({ op: 'insert', table: 'tasks', row: { id, ...task() } })),
])

const followed = modes.flatMap((mode) => definitions.map((definition) => follow(definition, mode)))
await compare(followed, 'at first')
for (let round = 0; round < rounds; round += 1) {
  // By events it loses what is on the way when the connection breaks, so that nothing may be then.
  const restart = round % 10 === 3
  if (restart && modes.includes('sse')) await control({ do: 'restart' })
  for (let burst = pick(1, 1, 3); burst > 0; burst -= 1) await transact(transaction(await serverRows()))
  if (round % 10 === 7) await control({ do: 'rotate', table: pick('tasks', undefined) })
  if (restart && !modes.includes('sse')) await control({ do: 'restart' })
  await compare(followed, `round ${round}`)
  if (failures > 0) break
}
await subsets()
await transact([{ op: 'truncate', table: 'tasks' }, { op: 'insert', table: 'tasks', row: { id: 1, ...task() } }])
await compare(followed, 'after the truncation')

console.log(failures === 0 ? `${followed.length} shapes agree over ${rounds} rounds` : `${failures} failures`)
process.exit(failures === 0 ? 0 : 1)
