from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "rempart.kernel"
    label = "kernel"
    verbose_name = "Kernel"
