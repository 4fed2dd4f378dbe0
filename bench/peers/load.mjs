/** Imports a package that is installed here: the benchmark's programs run elsewhere. */
export default (name) => import(name);
