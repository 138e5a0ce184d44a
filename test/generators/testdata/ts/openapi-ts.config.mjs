// How @hey-api/openapi-ts makes its client: for Node's own modules, which name their files in full.
export default {
  input: process.env.SPEC,
  output: { path: 'hey', module: { extension: '.js' } },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
}
