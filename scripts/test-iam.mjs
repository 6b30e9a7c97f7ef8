// Has an outside simulator of IAM decide on what the local stack decided on: the functions' policies, the calls that the
// acceptance tests made, and neighbours of these calls. Every call that was made must be allowed, and the two must agree.
//
//   node scripts/test-iam.mjs SIMULATOR CALLS
//
// SIMULATOR is the folder with @cloud-copilot/iam-simulate, CALLS what the tests wrote (IAM_CALLS names the file).
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, calls] = process.argv.slice(2)
const found = createRequire(join(resolve(folder), 'x.js')).resolve('@cloud-copilot/iam-simulate')
const { runSimulation } = await import(pathToFileURL(found))

const everything = [{ name: 'all', policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }]
const sets = ['dynamodb:LeadingKeys', 'dynamodb:Attributes'] // the keys that hold several values

async function decide(role, call) {
  const context = Object.entries(call.context).filter(([, values]) => values?.length)
  const account = call.resource.split(':')[4]
  const result = await runSimulation({
    request: {
      principal: `arn:aws:iam::${account}:role/${role.function}`,
      action: call.action,
      resource: { resource: call.resource, accountId: account },
      contextVariables: Object.fromEntries(context.map(([key, values]) => [key, sets.includes(key) ? values : values[0]])),
    },
    identityPolicies: [{ name: role.function, policy: role.policy }],
    serviceControlPolicies: [{ orgIdentifier: 'root', policies: everything }],
    resourceControlPolicies: [],
  }, {})
  if (result.resultType === 'error') throw new Error(`${role.function} ${call.action}: ${JSON.stringify(result.errors)}`)
  return result.overallResult === 'Allowed'
}

const count = { roles: 0, made: 0, allowed: 0, denied: 0 }
const faults = []
for (const role of JSON.parse(readFileSync(calls, 'utf8'))) {
  count.roles++
  for (const call of role.decided) {
    const allowed = await decide(role, call)
    const made = call.what === 'made'
    count[made ? 'made' : allowed ? 'allowed' : 'denied']++
    if (allowed !== call.allowed || (made && !allowed)) {
      faults.push(`${role.function}: ${call.action} ${call.what} is ${allowed ? 'allowed' : 'denied'} by the simulator, and ${call.allowed ? 'allowed' : 'denied'} here: ${JSON.stringify(call.context)}`)
    }
  }
}
console.log(`${count.roles} roles: ${count.made} kinds of calls that were made are allowed; of their neighbours ${count.denied} are denied, ${count.allowed} allowed.`)
if (count.roles < 20 || count.made < 100 || count.denied < count.made) faults.push('these are too few: the acceptance tests did not run as a whole')
faults.forEach((fault) => console.error(fault))
process.exit(faults.length ? 1 : 0)
