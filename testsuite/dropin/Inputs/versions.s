# A library with functions, data and versions, small enough to be damaged in all ways.
	.globl kv_find, kv_put, kv_other, kv_data
	.type kv_find, @function
	.type kv_put, @function
	.type kv_other, @function
	.type kv_data, @object
	.size kv_data, 8
	.text
kv_find:
kv_put:
kv_other:
	ret
	.section .rodata,"a",@progbits
kv_data:
	.quad 7
