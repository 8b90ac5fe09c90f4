export { createLogger } from './main/create-logger.ts';
export { type Environment, readEnvironment } from './main/environment.ts';
export { type Companion, run } from './main/run.ts';
export { type Served, type ServeOptions, serve } from './main/serve.ts';
export { type BackendOptions, type RunningBackend, startBackend } from './main/start-backend.ts';
export { readTrustedDocuments } from './main/trusted-documents-file.ts';
