"""Columns of the pandapower tables and the fields they become, with factors to SI."""

from __future__ import annotations

import math

from holdfast.io.net_tables import Rules

MEGA, KILO, PERCENT, DEGREE = 1e6, 1e3, 1e-2, math.pi / 180
OHM_PER_KM, NANOFARAD_PER_KM, MICROSIEMENS_PER_KM, MWH = 1e-3, 1e-12, 1e-9, 3.6e9

_LIMITS: Rules = {
    "min_p_mw": ("min_p", MEGA), "max_p_mw": ("max_p", MEGA), "min_q_mvar": ("min_q", MEGA), "max_q_mvar": ("max_q", MEGA), "controllable": "controllable",
}
_PHASES: Rules = {f"{letter}_{phase}_{unit}": (f"{letter}_{phase}", MEGA) for letter, unit in (("p", "mw"), ("q", "mvar")) for phase in "abc"}
_POWER: Rules = {"p_mw": ("p", MEGA), "q_mvar": ("q", MEGA), "scaling": "scaling", "sn_mva": ("rated_power", MEGA), "in_service": "in_service", "profile": "profile", **_LIMITS}
_TAP: Rules = {"tap_side": "tap_side", "tap_neutral": "tap_neutral", "tap_pos": "tap_position", "tap_step_percent": ("tap_step", PERCENT)}

BUS: Rules = {
    "vn_kv": ("nominal_voltage", KILO), "type": "bus_type", "zone": "zone", "in_service": "in_service", "min_vm_pu": "min_voltage", "max_vm_pu": "max_voltage",
}
LINE: Rules = {
    "std_type": "conductor", "length_km": ("length", KILO), "r_ohm_per_km": ("resistance", OHM_PER_KM), "x_ohm_per_km": ("reactance", OHM_PER_KM),
    "c_nf_per_km": ("capacitance", NANOFARAD_PER_KM), "g_us_per_km": ("conductance", MICROSIEMENS_PER_KM), "max_i_ka": ("rated_current", KILO), "df": "derating",
    "parallel": "parallel", "type": "line_type", "in_service": "in_service", "max_loading_percent": ("max_loading", PERCENT),
    "r0_ohm_per_km": ("zero_resistance", OHM_PER_KM), "x0_ohm_per_km": ("zero_reactance", OHM_PER_KM), "c0_nf_per_km": ("zero_capacitance", NANOFARAD_PER_KM),
    "g0_us_per_km": ("zero_conductance", MICROSIEMENS_PER_KM), "endtemp_degree": ("end_temperature", 1.0, 273.15),
}
TRANSFORMER: Rules = {
    "std_type": "model", "sn_mva": ("rated_power", MEGA), "vn_hv_kv": ("hv_voltage", KILO), "vn_lv_kv": ("lv_voltage", KILO),
    "vk_percent": ("short_circuit_voltage", PERCENT), "vkr_percent": ("short_circuit_resistance", PERCENT), "pfe_kw": ("iron_loss", KILO),
    "i0_percent": ("no_load_current", PERCENT), "shift_degree": ("phase_shift", DEGREE), "vector_group": "vector_group", **_TAP,
    "tap_min": "tap_min", "tap_max": "tap_max", "tap_step_degree": ("tap_step_angle", DEGREE), "tap_changer_type": "tap_changer",
    "autoTap": "auto_tap", "autoTapSetp": "auto_tap_voltage", "autoTapSide": "auto_tap_side",
    "vk0_percent": ("zero_short_circuit_voltage", PERCENT), "vkr0_percent": ("zero_short_circuit_resistance", PERCENT), "mag0_percent": ("zero_magnetising", PERCENT),
    "parallel": "parallel", "df": "derating", "max_loading_percent": ("max_loading", PERCENT), "in_service": "in_service",
}
TRANSFORMER3: Rules = {
    **{f"vn_{side}_kv": (f"{side}_voltage", KILO) for side in ("hv", "mv", "lv")}, **{f"sn_{side}_mva": (f"{side}_power", MEGA) for side in ("hv", "mv", "lv")},
    **{f"vk_{side}_percent": (f"{side}_short_circuit_voltage", PERCENT) for side in ("hv", "mv", "lv")},
    **{f"vkr_{side}_percent": (f"{side}_short_circuit_resistance", PERCENT) for side in ("hv", "mv", "lv")},
    "shift_mv_degree": ("mv_phase_shift", DEGREE), "shift_lv_degree": ("lv_phase_shift", DEGREE), "pfe_kw": ("iron_loss", KILO), "i0_percent": ("no_load_current", PERCENT),
    **_TAP, "in_service": "in_service",
}
SWITCH: Rules = {"et": "element_type", "closed": "closed", "type": "switch_type", "z_ohm": "resistance", "in_ka": ("rated_current", KILO)}
LOAD: Rules = {
    **_POWER, "type": "load_type",
    **{f"const_{old}_{letter}_percent": (f"{new}_share_{letter}", PERCENT) for old, new in (("z", "impedance"), ("i", "current")) for letter in "pq"},
}
ASYMMETRIC_LOAD: Rules = {**_POWER, **_PHASES, "type": "load_type"}
MOTOR: Rules = {
    "pn_mech_mw": ("mechanical_power", MEGA), "cos_phi": "power_factor", "efficiency_percent": ("efficiency", PERCENT), "loading_percent": ("loading", PERCENT),
    "scaling": "scaling", "in_service": "in_service",
}
GENERATOR: Rules = {**_POWER, "vm_pu": "voltage_setpoint", "slack": "slack", "slack_weight": "slack_weight", "type": "generator_type"}
ASYMMETRIC_GENERATOR: Rules = {**_POWER, **_PHASES, "type": "generator_type"}
EXTERNAL_GRID: Rules = {
    "vm_pu": "voltage_setpoint", "va_degree": ("voltage_angle", DEGREE), "slack_weight": "slack_weight", "s_sc_max_mva": ("max_short_circuit_power", MEGA),
    "s_sc_min_mva": ("min_short_circuit_power", MEGA), "rx_max": "max_rx", "rx_min": "min_rx", "in_service": "in_service", **_LIMITS,
}
BATTERY: Rules = {
    **{column: rule for column, rule in _POWER.items() if column != "profile"},
    "type": "battery_type", "max_e_mwh": ("max_energy", MWH), "min_e_mwh": ("min_energy", MWH), "soc_percent": ("state_of_charge", PERCENT),
}
SHUNT: Rules = {"p_mw": ("p", MEGA), "q_mvar": ("q", MEGA), "vn_kv": ("nominal_voltage", KILO), "step": "step", "max_step": "max_step", "in_service": "in_service"}
WARD: Rules = {
    "ps_mw": ("p", MEGA), "qs_mvar": ("q", MEGA), "pz_mw": ("p_impedance", MEGA), "qz_mvar": ("q_impedance", MEGA), "r_ohm": "inner_resistance",
    "x_ohm": "inner_reactance", "vm_pu": "voltage_setpoint", "in_service": "in_service",
}
IMPEDANCE: Rules = {
    "sn_mva": ("rated_power", MEGA), "rft_pu": "resistance_pu", "xft_pu": "reactance_pu", "rtf_pu": "reverse_resistance_pu", "xtf_pu": "reverse_reactance_pu",
    "in_service": "in_service",
}
DC_LINE: Rules = {
    "p_mw": ("p", MEGA), "loss_mw": ("loss", MEGA), "loss_percent": ("loss_share", PERCENT), "vm_from_pu": "from_voltage_setpoint", "vm_to_pu": "to_voltage_setpoint",
    "in_service": "in_service",
}
METER: Rules = {"measurement_type": "measured", "value": "value", "std_dev": "deviation"}
