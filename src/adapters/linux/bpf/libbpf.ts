// Everything that we call in libbpf, in one place. SAFETY, for all of them: a pointer that came from libbpf is an opaque bigint that
// only goes back into libbpf, and its owner (KernelObject, Link) nulls it when it frees it; a buffer that we pass is a Buffer that the
// caller holds until the call returns, and no call keeps it; sizes are those of the map or struct that the call is for.
import koffi from 'koffi'
import { ThymusError } from '../../../core/errors.ts'

export type Pointer = bigint

const OPEN_OPTS = koffi.struct('bpf_object_open_opts', {
  sz: 'size_t',
  object_name: 'const char *',
  relaxed_maps: 'bool',
  pin_root_path: 'const char *',
  stub: 'uint32_t',
  kconfig: 'const char *',
  btf_custom_path: 'const char *',
  kernel_log_buf: 'void *',
  kernel_log_size: 'size_t',
  kernel_log_level: 'uint32_t',
})
const MAP_OPTS = koffi.struct('bpf_map_create_opts', {
  sz: 'size_t',
  btf_fd: 'uint32_t',
  btf_key_type_id: 'uint32_t',
  btf_value_type_id: 'uint32_t',
  btf_vmlinux_value_type_id: 'uint32_t',
  inner_map_fd: 'uint32_t',
  map_flags: 'uint32_t',
  map_extra: 'uint64_t',
  numa_node: 'uint32_t',
  map_ifindex: 'uint32_t',
})
const TEST_RUN_OPTS = koffi.struct('bpf_test_run_opts', {
  sz: 'size_t',
  data_in: 'void *',
  data_out: 'void *',
  data_size_in: 'uint32_t',
  data_size_out: 'uint32_t',
  ctx_in: 'void *',
  ctx_out: 'void *',
  ctx_size_in: 'uint32_t',
  ctx_size_out: 'uint32_t',
  retval: 'uint32_t',
  repeat: 'int',
  duration: 'uint32_t',
  flags: 'uint32_t',
  cpu: 'uint32_t',
  batch_size: 'uint32_t',
})
export const SIZE = { openOpts: koffi.sizeof(OPEN_OPTS), mapOpts: koffi.sizeof(MAP_OPTS), testRunOpts: koffi.sizeof(TEST_RUN_OPTS) }

/** `int (*)(enum libbpf_print_level, const char *, va_list)`: the va_list is handed on to vsnprintf untouched. */
export const PRINT = koffi.proto('int libbpf_print_fn_t(int level, const char *format, void *args)')

function load() {
  const libbpf = koffi.load('libbpf.so.1')
  const libc = koffi.load('libc.so.6')
  return {
    setPrint: libbpf.func('void *libbpf_set_print(libbpf_print_fn_t *fn)'),
    objectOpen: libbpf.func('void *bpf_object__open_file(const char *path, bpf_object_open_opts *opts)'),
    objectLoad: libbpf.func('int bpf_object__load(void *object)'),
    objectClose: libbpf.func('void bpf_object__close(void *object)'),
    nextProgram: libbpf.func('void *bpf_object__next_program(void *object, void *before)'),
    nextMap: libbpf.func('void *bpf_object__next_map(void *object, void *before)'),
    findMap: libbpf.func('void *bpf_object__find_map_by_name(void *object, const char *name)'),
    findProgram: libbpf.func('void *bpf_object__find_program_by_name(void *object, const char *name)'),
    programName: libbpf.func('const char *bpf_program__name(void *program)'),
    programFd: libbpf.func('int bpf_program__fd(void *program)'),
    programSetAutoload: libbpf.func('int bpf_program__set_autoload(void *program, bool on)'),
    programType: libbpf.func('int bpf_program__type(void *program)'),
    programAttachType: libbpf.func('int bpf_program__expected_attach_type(void *program)'),
    programAttach: libbpf.func('void *bpf_program__attach(void *program)'),
    programAttachCgroup: libbpf.func('void *bpf_program__attach_cgroup(void *program, int group)'),
    mapName: libbpf.func('const char *bpf_map__name(void *map)'),
    mapFd: libbpf.func('int bpf_map__fd(void *map)'),
    mapSetMaxEntries: libbpf.func('int bpf_map__set_max_entries(void *map, uint32_t entries)'),
    mapInitialValue: libbpf.func('void *bpf_map__initial_value(void *map, _Out_ size_t *size)'),
    linkFd: libbpf.func('int bpf_link__fd(void *link)'),
    linkPin: libbpf.func('int bpf_link__pin(void *link, const char *path)'),
    linkDestroy: libbpf.func('int bpf_link__destroy(void *link)'),
    linkUpdate: libbpf.func('int bpf_link_update(int link, int program, void *opts)'),
    linkDetach: libbpf.func('int bpf_link_detach(int link)'),
    linkCreate: libbpf.func('int bpf_link_create(int program, int target, int type, void *opts)'),
    iterCreate: libbpf.func('int bpf_iter_create(int link)'),
    objPin: libbpf.func('int bpf_obj_pin(int fd, const char *path)'),
    objGet: libbpf.func('int bpf_obj_get(const char *path)'),
    objInfo: libbpf.func('int bpf_obj_get_info_by_fd(int fd, void *info, _Inout_ uint32_t *size)'),
    mapCreate: libbpf.func(
      'int bpf_map_create(int type, const char *name, uint32_t key, uint32_t value, uint32_t entries, bpf_map_create_opts *opts)',
    ),
    mapById: libbpf.func('int bpf_map_get_fd_by_id(uint32_t id)'),
    mapLookup: libbpf.func('int bpf_map_lookup_elem(int fd, const void *key, void *value)'),
    mapUpdate: libbpf.func('int bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)'),
    mapDelete: libbpf.func('int bpf_map_delete_elem(int fd, const void *key)'),
    mapNextKey: libbpf.func('int bpf_map_get_next_key(int fd, const void *key, void *next)'),
    mapUpdateBatch: libbpf.func(
      'int bpf_map_update_batch(int fd, const void *keys, const void *values, _Inout_ uint32_t *count, const void *opts)',
    ),
    mapLookupBatch: libbpf.func(
      'int bpf_map_lookup_batch(int fd, void *from, void *to, void *keys, void *values, _Inout_ uint32_t *count, const void *opts)',
    ),
    testRun: libbpf.func('int bpf_prog_test_run_opts(int fd, _Inout_ bpf_test_run_opts *opts)'),
    enableStats: libbpf.func('int bpf_enable_stats(int type)'),
    vsnprintf: libc.func('int vsnprintf(void *out, size_t size, const char *format, void *args)'),
  }
}

let loaded: ReturnType<typeof load> | undefined

/** The library, loaded at the first call. @throws ThymusError KERNEL_REFUSED where libbpf is not installed. */
export function libbpf(): ReturnType<typeof load> {
  try {
    loaded ??= load()
    return loaded
  } catch (cause) {
    throw new ThymusError('KERNEL_REFUSED', 'libbpf.so.1 cannot be loaded (Debian package libbpf1)', { cause })
  }
}

/** The name of the error that the last call left in errno, e.g. `EPERM`. */
export function errnoName(value: number = koffi.errno()): string {
  return Object.entries(koffi.os.errno).find(([, number]) => number === Math.abs(value))?.[0] ?? `errno ${Math.abs(value)}`
}
