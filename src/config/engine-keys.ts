/** The names that podman knows in containers.conf, in 4.3 to 5.8: containers.conf(5). */

/** Of these only `[engine]` speaks of a push: what stands in the others is not looked at. */
export const TABLES = 'configmaps containers engine farms machine network podmansh secrets';

export const ENGINE_KEYS = `
active_service add_compression cdi_spec_dirs cgroup_check cgroup_manager chown_copied_files
compat_api_enforce_docker_hub compose_providers compose_warning_logs compression_format
compression_level conmon_env_vars conmon_path conmonrs_path database_backend detach_keys
enable_port_reservation env events_container_create_inspect_data events_logfile_max_size
events_logfile_path events_logger exit_command_delay healthcheck_events helper_binaries_dir hooks_dir
image_build_format image_copy_tmp_dir image_default_format image_default_transport
image_parallel_copies image_volume_mode infra_command infra_image init_path kube_generate_type
lock_type machine_enabled multi_image_archive namespace network_cmd_options network_cmd_path
no_pivot_root num_locks platform_to_oci_runtime pod_exit_policy pull_policy remote remote_identity
remote_uri retry retry_delay runtime runtime_path runtime_supports_json runtime_supports_kvm
runtime_supports_nocgroup runtime_supports_nocgroups runtimes service_destinations service_timeout
static_dir stop_timeout tmp_dir volume_path volume_plugin_timeout volume_plugins
`;
